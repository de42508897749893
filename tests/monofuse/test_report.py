"""monofuse.report: the keys that scripts rely on, and the table that people read."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from calib.base.errors import SourceError
from monofuse.report import RunCounter, build_report, peak_memory_mb, table_rows
from sequences.sequence import SkipLog
from slam.config import SlamConfig
from slam.evaluation import evaluate_trajectory
from slam.system import SlamSystem
from tests.helpers import scenes
from tests.helpers.paths import ROOT

WALK = np.array(scenes.walk(40))
CONTRACT = ("fps", "frames", "tracked", "lost", "relocalised", "keyframes", "loops", "surfels", "peak_memory_mb",
            "stages", "configuration", "versions")
SCORES = ("ate_se3_m", "ate_sim3_m", "ate_scale", "rpe_1s_m", "rpe_1s_deg")


@dataclass
class Run:
    """What build_report needs of a session."""

    slam: SlamSystem
    has_truth: bool
    counter: RunCounter = field(default_factory=RunCounter)
    ended: str = "complete"
    failures: list = field(default_factory=list)
    counts: dict = field(default_factory=lambda: {"dropped": 0})

    def __post_init__(self):
        truth = (np.arange(40) / 30, WALK) if self.has_truth else None
        self.sequence = SimpleNamespace(name="box", camera=scenes.CAMERA, skipped=SkipLog(), ground_truth=truth)

    def live_counts(self):
        return self.counts

    def scores(self):
        return evaluate_trajectory(*self.slam.trajectory(), *self.sequence.ground_truth) if self.has_truth else {}


@pytest.fixture(params=[True, False], ids=("truth", "no truth"))
def run(request):
    run = Run(SlamSystem(scenes.CAMERA, SlamConfig.for_sensor()), request.param)
    for index, T_world_cam in enumerate(WALK):
        rgb = np.zeros((*scenes.CAMERA.size, 3), np.uint8) if index in (20, 21) else None
        run.counter.add(run.slam.process(scenes.frame(index, T_world_cam, rgb=rgb)))
    run.counter.loop_s = 2.0
    return run


def test_the_report_keeps_the_contract(run):
    report = build_report({"source": "box", "output": Path("results")}, run, ["no mesh"])
    read = json.loads(json.dumps(report, default=str, allow_nan=False))
    assert set(CONTRACT) <= set(read)
    assert all((name in read) == run.has_truth for name in SCORES)
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


def test_the_table_says_the_same(run):
    rows = dict(table_rows(build_report({}, run, [])))
    assert rows["frames"] == "40 read, 38 tracked, 2 lost" and rows["speed"] == "20.0 frames/s"
    assert f"{len(run.slam.surfels):,} surfels" in rows["map"] and rows["memory"].endswith("MB at most")
    assert ("path error (ATE)" in rows) == ("drift in 1 s (RPE)" in rows) == run.has_truth
    assert any("95 %" in value for value in rows.values())


def test_what_went_wrong_is_in_the_report(run):
    run.failures, run.ended = [SourceError("the images change size"), ValueError("no idea")], "failed"
    run.sequence.skipped.reasons += [f"image {k} cannot be read" for k in range(30)]
    report = build_report({}, run, ["no mesh"])
    assert report["problems"] == ["the images change size", "ValueError: no idea", "no mesh"]
    assert report["skipped"] == 30 and len(report["skipped_reasons"]) == 20
    assert dict(table_rows(report))["skipped"].startswith("30 ")


def test_what_became_of_a_cameras_frames_is_on_the_screen(run):
    run.counts = {"dropped": 12, "reconnected": 2, "recorded": 50, "left_out_of_recording": 2}
    report = build_report({}, run, [])
    rows = dict(table_rows(report))
    assert run.counts.items() <= report.items()
    assert rows["dropped"].startswith("12 older frames") and rows["reconnected"] == "2 times"
    assert rows["recorded"] == "50 frames, 2 left out"


def test_a_run_without_frames_is_a_report_too():
    run = Run(SlamSystem(scenes.CAMERA, SlamConfig.for_sensor()), has_truth=False)
    report = build_report({}, run, [])
    assert (report["frames"], report["fps"], report["surfels"], report["stages"]) == (0, 0.0, 0, {})
    assert table_rows(report)


def test_relocalised_frames_count_as_tracked():
    counter = RunCounter()
    for index, status in enumerate(("waiting", "tracked", "lost", "relocalised")):
        counter.add(SimpleNamespace(status=status, index=3 * index))
    assert (counter.read, counter.tracked, counter.missed) == (4, 2, 6)
    assert "1 lost" in counter.describe()


def test_peak_memory_is_that_of_this_process_alone():
    """A small process started by a large one."""
    ballast = np.ones(60_000_000)
    code = "from monofuse.report import peak_memory_mb; import numpy as np; a = peak_memory_mb(); np.ones(25_000_000); " \
           "print(a, peak_memory_mb())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    before, after = map(float, done.stdout.split())
    assert 10 < before < 300 and 190 < after - before < 210
    assert peak_memory_mb() > ballast.nbytes / 2**20
