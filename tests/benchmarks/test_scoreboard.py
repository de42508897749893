"""benchmarks/scoreboard.py on finished results, and the rows of benchmarks/accuracy.py."""

import json
from argparse import Namespace

import pytest

from benchmarks import accuracy, scoreboard
from benchmarks.ablation import WHOLE
from slam.evaluation import evaluate_files
from tests.helpers.plane_recording import COUNT, write_recording, write_results

DEPTH = {"scale": 1.1, "absrel": 0.055, "delta1": 0.98, "absrel_per_image": 0.04, "delta1_per_image": 0.99}


@pytest.fixture
def recording(tmp_path):
    return write_recording(tmp_path / "plane", "groundtruth_sfm.txt")


def test_finished_results_are_judged_from_their_files(recording, tmp_path, capsys):
    results = write_results(tmp_path / "results" / "plane", scale=1.25, noise_m=0.01)
    board = scoreboard.scoreboard([recording], tmp_path / "results", tmp_path, [])
    figures = board["recordings"]["plane"]
    assert figures.items() > evaluate_files(results, recording).items()
    assert figures["ground_truth"] == "groundtruth_sfm.txt" and figures["mesh_within_5pct_sim3"] > 0.9
    assert json.loads(json.dumps(board)) == board and {"machine", "date", "version", "protocol"} < set(board)
    scoreboard.print_board(board)
    shown = capsys.readouterr().out
    assert f"| scale | {figures['ate_scale']:.3f} |" in shown and "| frames/s | 50.0 |" in shown
    assert "| coverage % | 100.0 |" in shown and "| seconds |  |" in shown


def test_depth_of_keyframes_is_shown_where_it_was_measured(recording, tmp_path, capsys):
    results = write_results(tmp_path / "results" / "plane")
    (results / "keyframe_depth.json").write_text(json.dumps(
        {"seconds": 12.3, "final": DEPTH, "network": DEPTH | {"absrel": 0.2}, "variance": []}))
    (results / "mesh.ply").unlink()
    scoreboard.print_board(scoreboard.scoreboard([recording], tmp_path / "results", tmp_path, []))
    shown = capsys.readouterr().out
    assert "| depth of keyframes: AbsRel / delta1 | 0.055 / 0.980 |" in shown and "| seconds | 12 |" in shown
    assert "| of the network | 0.200 / 0.980 |" in shown and "| own metres |  |" in shown


def test_without_results_each_recording_is_run_once(recording, tmp_path, monkeypatch):
    runs = []

    def run(recording, output, options):
        runs.append((recording, options))
        write_results(output)
    monkeypatch.setattr(scoreboard, "run", run)
    board = scoreboard.scoreboard([recording], None, tmp_path / "new", ["--passes", "1"])
    assert runs == [(recording, ["--passes", "1"])] and board["recordings"]["plane"]["frames"] == COUNT


def test_accuracy_tells_each_kind_of_run_and_all_of_them(recording, monkeypatch):
    scores = dict.fromkeys([*accuracy.ERRORS.values(), *accuracy.MESH.values()], 0.5) | {"matched": 9, "frames": 10}
    monkeypatch.setattr(accuracy, "run", lambda path, depth, setting: scores | {"ate_se3_m": float(path != recording)})
    rows = list(accuracy.several(recording, "mobile", WHOLE, Namespace(parts=2, noise=1)))
    assert [row[2] for row in rows] == ["whole", "2 halves", "1 with noise", "all 4"]
    assert [row[4] for row in rows] == ["0.000 (0.000 to 0.000)", "1.000 (1.000 to 1.000)", "1.000 (1.000 to 1.000)",
                                        "0.750 (0.000 to 1.000)"]
    assert {row[3] for row in rows} == {"0.900 (0.900 to 0.900)"}
