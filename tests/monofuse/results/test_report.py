"""monofuse.results.report: the keys that scripts rely on, and the table that people read."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calib.base.errors import SourceError
from monofuse.results import peak_memory
from monofuse.results.peak_memory import peak_memory_mb
from monofuse.results.report import joined_to_map
from monofuse.results.report_table import table_rows
from monofuse.results.run_counter import RunCounter
from monofuse.session import Session
from sequences.sequence import SkipLog
from slam.config import SlamConfig
from slam.system import FrameResult, SlamSystem
from tests.helpers import scenes
from tests.helpers.paths import ROOT

WALK = np.array(scenes.walk(40))
CONTRACT = ("fps", "total_s", "frames", "tracked", "lost", "relocalised", "keyframes", "loops", "surfels",
            "peak_memory_mb", "stages", "configuration", "versions")
SCORES = ("ate_se3_m", "ate_sim3_m", "ate_scale", "rpe_1s_m", "rpe_1s_deg", "length_ratio", "ground_truth")


@pytest.fixture(scope="module", params=[True, False], ids=("ground truth", "no ground truth"))
def done(request):
    """A session with 40 frames, two of them black, that took 2 s. Not to be changed."""
    run = session(has_ground_truth=request.param)
    for index, T_world_cam in enumerate(WALK):
        rgb = np.zeros((*scenes.CAMERA.size, 3), np.uint8) if index in (20, 21) else None
        run.step(scenes.frame(index, T_world_cam, rgb=rgb))
    run.counter.loop_s, run.ended = 2.0, "complete"
    return run


@pytest.fixture
def run(done):
    """The same with what it says of its source and its end to be changed."""
    run = copy.copy(done)
    run.sequence, run.depth_errors = copy.copy(done.sequence), copy.deepcopy(done.depth_errors)
    run.sequence.skipped = SkipLog()
    return run


def session(has_ground_truth, recorder=None, **of_camera):
    """A session with a source that is called `box`."""
    ground_truth = (np.arange(40) / 30, WALK) if has_ground_truth else None
    sequence: Any = SimpleNamespace(name="box", camera=scenes.CAMERA, skipped=SkipLog(), ground_truth=ground_truth,
                                    ground_truth_name="poses.txt" if has_ground_truth else None,
                                    **{"is_live": False, **of_camera})
    return Session(sequence, SlamSystem(scenes.CAMERA, SlamConfig.for_sensor()), recorder)


def test_the_report_keeps_the_contract(run):
    report = run.report({"source": "box", "output": Path("results")}, ["no mesh"])
    read = json.loads(json.dumps(report, default=str, allow_nan=False))
    assert set(CONTRACT) <= set(read)
    assert all((name in read) == (run.sequence.ground_truth is not None) for name in SCORES)
    assert read["frames"] == 40 and read["fps"] == 20.0
    assert read["tracked"] + read["lost"] + read["waiting"] == 40 and read["lost"] == 2
    assert read["keyframes"] == len(run.slam.keyframes) and read["surfels"] == len(run.slam.surfels) > 1000
    assert read["problems"] == ["no mesh"] and read["ended"] == "complete"
    assert read["arguments"] == {"source": "box", "output": "results"}
    for times in read["stages"].values():
        assert 0 <= times["median_ms"] <= times["p95_ms"]
    assert {"prepare", "track", "render", "fuse", "keyframe"} <= set(read["stages"])
    assert {"python", "numpy", "numba"} <= set(read["versions"])
    assert read["configuration"]["surfels"]["max_surfels"] == SlamConfig.for_sensor().surfels.max_surfels
    assert read["camera"]["fx"] == scenes.CAMERA.fx and read["working_size"] == list(scenes.CAMERA.size)


NETWORKS = {"scale_from": "network", "scale_times_network": 1.0, "scale_settled_by": 1.1, "scale_log_std": 0.1,
            "scale_doubtful": False, "scale_weakness": None}


@pytest.mark.parametrize("said, row", [
    ({}, "the network's, within 11 %"),
    ({"scale_from": "board", "scale_times_network": 1.2, "scale_log_std": 0.0101},
     "from board: 1.200 times what the network said, within 1 %"),
    ({"scale_from": "factor", "scale_times_network": 1.2, "scale_log_std": None},
     "from factor: 1.200 times what the network said"),
    ({"scale_from": "nothing", "scale_log_std": None, "scale_doubtful": True, "scale_weakness": "a factor"},
     "unknown, these are no metres (a factor): give --scale depth, --scale height=METRES or another, or `monofuse "
     "measure` a known length"),
    ({"scale_log_std": 0.5, "scale_doubtful": True, "scale_weakness": "so close"},
     "metres may be off by a factor of 1.6 (so close): give --scale depth, --scale FACTOR, or `monofuse measure` a "
     "known length")])
def test_how_sure_the_metres_are(said, row):
    report = session(has_ground_truth=False).report({}) | NETWORKS | said | {"scale_cues": ["depth"]}
    assert dict(table_rows(report))["scale"] == row


def test_what_the_recording_has_that_tells_the_scale(run):
    cues = run.report({})["scale_cues"]
    assert cues == (["poses"] if run.sequence.ground_truth is not None else [])
    run.depth_errors.add(np.ones((20, 20)), np.ones((20, 20)))
    assert run.report({})["scale_cues"] == ["depth", *cues]


@pytest.mark.parametrize("earlier, main, said", [([], 0, {}), ([0, 1], 0, {"joined_to_map": True}),
                                                ([0, 1], 1, {"joined_to_map": False})])
def test_whether_it_was_joined_to_the_map(earlier, main, said):
    keyframes = SimpleNamespace(submap=np.array([0, 0, 1]))
    live_map = SimpleNamespace(earlier=[SimpleNamespace(rows=earlier)], main_submap=main, keyframes=keyframes)
    assert joined_to_map(live_map) == said


def test_the_table_says_the_same(run):
    report = run.report({})
    rows = dict(table_rows(report))
    assert rows["frames"] == "40 read, 38 tracked, 2 lost" and rows["speed"] == "20.0 frames/s"
    assert rows["time"] == f"{report['total_s']:.0f} s in all"
    assert f"{len(run.slam.surfels):,} surfels" in rows["map"] and rows["memory"].endswith("MB at most")
    is_known = run.sequence.ground_truth is not None
    assert ("trajectory error (ATE)" in rows) == ("drift in 1 s (RPE)" in rows) == is_known
    assert not is_known or "ours 1.00 times that (poses.txt)" in rows["trajectory error (ATE)"]
    assert any("95 %" in value for value in rows.values())


def test_what_went_wrong_is_in_the_report(run):
    run.failures, run.ended = [SourceError("the images change size"), ValueError("no idea")], "failed"
    run.sequence.skipped.reasons += [f"image {k} cannot be read" for k in range(30)]
    report = run.report({}, ["no mesh"])
    assert report["problems"] == ["the images change size", "ValueError: no idea", "no mesh"]
    assert report["skipped"] == 30 and len(report["skipped_reasons"]) == 20
    assert dict(table_rows(report))["skipped"].startswith("30 ")


def test_what_became_of_a_cameras_frames_is_on_the_screen():
    recorder: Any = SimpleNamespace(counts=lambda: {"recorded": 50, "left_out_of_recording": 2})
    run = session(False, recorder, is_live=True, reconnected=2)
    run.counter.read, run.counter.last_index = 38, 49
    report = run.report({})
    rows = dict(table_rows(report))
    assert {"dropped": 12, "reconnected": 2, "recorded": 50, "left_out_of_recording": 2}.items() <= report.items()
    assert rows["dropped"].startswith("12 older frames") and rows["reconnected"] == "2 times"
    assert rows["recorded"] == "50 frames, 2 left out"


def test_a_run_without_frames_is_a_report_too():
    run = session(has_ground_truth=False)
    report = run.report({})
    assert (report["frames"], report["fps"], report["surfels"], report["stages"]) == (0, 0.0, 0, {})
    assert table_rows(report)


def test_relocalised_frames_count_as_tracked():
    counter = RunCounter()
    for index, status in enumerate(("waiting", "tracked", "lost", "relocalised")):
        counter.add(FrameResult(3 * index, 0.0, status))
    assert (counter.read, counter.tracked, counter.missed) == (4, 2, 6)
    assert "1 lost" in counter.describe()


def test_peak_memory_is_that_of_this_process_alone():
    """A small process started by a large one."""
    ballast = np.ones(60_000_000)
    code = "from monofuse.results.peak_memory import peak_memory_mb; import numpy as np; a = peak_memory_mb(); " \
           "np.ones(25_000_000); print(a, peak_memory_mb())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    before, after = map(float, done.stdout.split())
    assert 10 < before < 300 and 190 < after - before < 210
    peak_mb = peak_memory_mb()
    assert peak_mb is not None and peak_mb > ballast.nbytes / 2**20


@pytest.mark.parametrize("platform, unit", [("darwin", 2**20), ("freebsd", 2**10)])
def test_peak_memory_where_the_system_tells_it_in_units_of_its_own(monkeypatch, tmp_path, platform, unit):
    """As on macOS, where ru_maxrss is in bytes and there is no /proc."""
    usage = SimpleNamespace(RUSAGE_SELF=0, getrusage=lambda who: SimpleNamespace(ru_maxrss=300 * unit))
    monkeypatch.setattr(peak_memory, "STATUS", tmp_path / "nowhere")
    monkeypatch.setattr(peak_memory, "resource", usage)
    monkeypatch.setattr(peak_memory.sys, "platform", platform)
    assert peak_memory_mb() == 300.0


def test_a_system_that_does_not_tell_its_memory_has_a_report_all_the_same(monkeypatch, tmp_path):
    """As on Windows."""
    monkeypatch.setattr(peak_memory, "STATUS", tmp_path / "nowhere")
    monkeypatch.setattr(peak_memory, "resource", None)
    report = session(has_ground_truth=False).report({})
    assert report["peak_memory_mb"] is None and "memory" not in dict(table_rows(report))
