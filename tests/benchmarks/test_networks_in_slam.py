"""benchmarks/networks_in_slam.py on results that a made-up run leaves."""

import json
import shutil
import sys

import pytest

from benchmarks import networks_in_slam, scoreboard
from benchmarks.ablation import PARTS, without
from calib.base.errors import BadInputError
from tests.helpers.plane_recording import write_recording, write_results

PRIOR = {"scale": 0.8, "absrel": 0.2, "delta1": 0.7, "absrel_per_image": 0.15, "delta1_per_image": 0.75}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_recording(tmp_path_factory.mktemp("recordings") / "plane")


@pytest.fixture
def runs(monkeypatch):
    """Every run that is made; that of a network called broken fails."""
    made = []

    def run(recording, output, options):
        made.append((recording, list(options)))
        if "broken.onnx" in options[1]:
            sys.exit("it ended with 2")
        shutil.rmtree(output, ignore_errors=True)
        results = write_results(output, scale=1.25)
        report = json.loads((results / "report.json").read_text())
        (results / "report.json").write_text(json.dumps(report | {"stages": {"network": {"median_ms": 16.4}}}))
        (results / "keyframe_depth.json").write_text(json.dumps(
            {"seconds": 9.0, "final": PRIOR, "network": PRIOR, "variance": []}))
    monkeypatch.setattr(scoreboard, "run", run)
    monkeypatch.setattr(networks_in_slam, "run_slam", lambda recording, *options, keep: run(recording, keep, options))
    return made


def tables(monkeypatch, capsys, tmp_path, *arguments):
    monkeypatch.setattr("sys.argv", ["networks_in_slam", *map(str, arguments), "--output", str(tmp_path / "runs")])
    networks_in_slam.main()
    return capsys.readouterr().out


def test_every_network_gets_a_row_and_is_run_once(recording, runs, tmp_path, monkeypatch, capsys):
    (tmp_path / "training" / "laina_alexnet_upconv-l2").mkdir(parents=True)
    for name in ("fast.onnx", "broken.onnx", "training/laina_alexnet_upconv-l2/laina_alexnet_upconv.safetensors",
                 "training/laina_alexnet_upconv-l2/laina_alexnet_upconv-last.safetensors"):
        (tmp_path / name).touch()
    arguments = (recording, "--network", tmp_path / "fast.onnx", "scale=0.01", "--network", tmp_path / "broken.onnx",
                 "--folder", tmp_path / "training", "--max-frames", 9, "--write", tmp_path / "page.md")
    shown = tables(monkeypatch, capsys, tmp_path, *arguments)
    rows = [line.split(" | ") for line in shown.splitlines() if line.startswith("| ")][2:]
    assert [cells[0][2:] for cells in rows] == ["mobile", "mobile-open", "fast", "broken", "laina_alexnet_upconv-l2"]
    assert rows[2][1:] == ["0.000 / 0.098", "1.25", rows[2][3], "0.200 / 0.700", "0.80", "0.150", "16", "50 |"]
    assert rows[2][3].startswith("1.000 / 0.") and rows[3][1:] == ["failed |"]
    assert "### plane" in shown and "options: --max-frames 9" in shown
    assert (tmp_path / "page.md").read_text() == f"{networks_in_slam.HEAD}\n{shown}"
    assert runs[2][1] == ["--depth", str(tmp_path / "fast.onnx"), "--depth-option", "scale=0.01",
                          *without("learning", "second pass"), "--max-frames", "9"]
    before = len(runs)
    assert tables(monkeypatch, capsys, tmp_path, *arguments) == shown and len(runs) == before + 1, "the one that failed"
    (tmp_path / "fast.onnx").write_bytes(b"trained on")
    assert tables(monkeypatch, capsys, tmp_path, *arguments) == shown and len(runs) == before + 3, "and that one"


def test_noisy_copies_count_as_the_recording_itself(recording, runs, tmp_path, monkeypatch, capsys):
    assert "3 runs each" in tables(monkeypatch, capsys, tmp_path, recording, "--noise", 2)
    assert len(runs) == 6 and len({path for path, _ in runs}) == 5, "itself, and two copies a network"
    assert networks_in_slam.mean([{"ate_scale": 0.5, "fps": 1.0}, {"ate_scale": 2.0, "fps": 3.0}]) == pytest.approx(
        {"ate_scale": 1.0, "fps": 2.0})


def test_as_in_the_paper_nothing_corrects_what_is_predicted(recording, runs, tmp_path, monkeypatch, capsys):
    assert "depth fused as predicted" in tables(monkeypatch, capsys, tmp_path, recording, "--fused")
    assert runs[0][1] == ["--depth", "mobile", *without(*PARTS)]


def test_files_that_are_missing_are_named(tmp_path):
    with pytest.raises(BadInputError, match="a.onnx: no such file"):
        list(networks_in_slam.found([["a.onnx"]], []))
    with pytest.raises(BadInputError, match="no .onnx or .safetensors files there"):
        list(networks_in_slam.found([], [tmp_path]))
