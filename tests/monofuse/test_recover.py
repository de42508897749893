"""`monofuse recover`: real runs that are killed, and what is left of them."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest
import trimesh

from monofuse import recover
from monofuse.maps.map_file import MAP_FILE
from tests.helpers.slam_process import PATIENCE_S, PROGRAM, SHORT, read_surfels, report_in, run_process, trajectory_in

LONG = 2_000
WALK = 300
KILLS = 30
MAX_LOST_S = 5.0


@pytest.fixture
def endless(recording):
    """The recording played forth and back for a minute or so, with a report of each second."""
    for name in ("rgb", "depth"):
        files = [f"{name}/{k}.png" for k in range(20)]
        around = files + files[-2:0:-1]
        (recording / f"{name}.txt").write_text(
            "".join(f"{k / 30:.6f} {around[k % len(around)]}\n" for k in range(LONG)))
    return recording


def frames_in(folder):
    """Frames in a map that may not be there yet."""
    try:
        with sqlite3.connect(f"file:{folder / MAP_FILE}?mode=ro", uri=True) as connection:
            return connection.execute("SELECT count(*) FROM frame").fetchone()[0]
    except sqlite3.Error:
        return 0


@pytest.mark.parametrize("files, says", [(("map.ply", "mesh.ply"), "nothing to recover\n"),
                                         (("map.ply",), "nothing to recover; `monofuse mesh {}` makes the mesh")])
def test_results_that_are_whole(tmp_path, capsys, files, says):
    for name in (MAP_FILE, *files):
        (tmp_path / name).touch()
    assert recover.main([str(tmp_path)]) == 2
    assert says.format(tmp_path) in capsys.readouterr().err


def test_a_run_that_was_killed_is_recovered(kernels, endless, tmp_path, capsys):
    folder = tmp_path / "out"
    with subprocess.Popen([sys.executable, PROGRAM, str(endless), "--depth", "sensor", *SHORT, "--output", folder],
                          stdout=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + PATIENCE_S
        while frames_in(folder) < 30 and time.monotonic() < deadline:
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
    assert not (folder / "trajectory.txt").exists()
    written = frames_in(folder)
    assert recover.main([str(folder)]) == 0 and capsys.readouterr().err == ""
    report = report_in(folder)
    assert report["ended"] == "interrupted" and "was killed" in report["problems"][0]
    assert len(trajectory_in(folder)) == report["tracked"] == written >= 30
    assert len(read_surfels(folder / "map.ply")) == report["surfels"] > 1000
    assert len(trimesh.load(folder / "mesh.ply", process=False).faces) > 1000 and (folder / "mesh.glb").exists()
    steps_m = np.linalg.norm(np.diff(trajectory_in(folder)[:, 1:4], axis=0), axis=1)
    assert steps_m.max() < 0.05


@pytest.mark.parametrize("names, words", [((), "no map.db"), (("map.db", "report.json"), "nothing to recover")])
def test_what_cannot_be_recovered_is_one_line(tmp_path, capsys, names, words):
    for name in names:
        (tmp_path / name).write_text('{"ended": "complete"}')
    assert recover.main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


@pytest.mark.heavy
def test_runs_killed_at_any_moment_lose_seconds_at_most(kernels, tmp_path):
    """Of a walk with predicted depth, so that the end adjustment, the final depth and the mesh are met, too. Where a
    map lacks frames, what was done since its last transaction is lost."""
    source = [f"synthetic:frames={WALK},size=160x120", "--adapt", "off", "--no-scene"]
    begun = time.monotonic()
    run_process(*source, "--output", tmp_path / "whole", whole=True)
    whole_s, rng, phases = time.monotonic() - begun, random.Random(0), Counter()
    for kill in range(KILLS):
        folder, after_s = tmp_path / str(kill), rng.uniform(0.2, 1.0) * whole_s
        with subprocess.Popen([sys.executable, PROGRAM, *source, "--output", folder], stdout=subprocess.DEVNULL) as run:
            begun = time.monotonic()
            try:
                run.wait(after_s)
                whole_s = min(whole_s, time.monotonic() - begun)  # the machine may have been busier before
            except subprocess.TimeoutExpired:
                killed_s = time.time()
                run.kill()
        if (folder / "report.json").exists():  # all but the last picture, perhaps
            assert report_in(folder)["ended"] == "complete" and len(trajectory_in(folder)) == WALK
            phases["complete"] += 1
        elif not frames_in(folder):  # killed before its first second
            phases["starting"] += 1
        else:
            written_s = max(path.stat().st_mtime for path in folder.glob(f"{MAP_FILE}*"))
            assert recover.main([str(folder)]) == 0
            tracked = len(trajectory_in(folder))
            assert tracked == WALK or killed_s - written_s < MAX_LOST_S, (kill, after_s)
            assert (folder / "mesh.ply").exists() or tracked < WALK / 4
            phases["after the last frame" if tracked == WALK else "tracking"] += 1
    print(dict(phases))
    assert min(phases["tracking"], phases["after the last frame"]) >= 3
