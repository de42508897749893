"""Whole runs on cameras: recorded while they run and replayed, too slow for them, ended while they are silent."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from calib.focal.estimate import FocalEstimate
from calib.formats.calibration_file import read_calibration
from monofuse import run as run_slam
from sequences.cameras.realsense.camera import RealSense
from sequences.prefetch import prefetch
from slam.system import SlamSystem
from tests.helpers.mjpeg_server import MjpegServer
from tests.helpers.onnx_file import bright_is_near
from tests.helpers.realsense_recording import SERIAL, write_db3
from tests.helpers.slam_process import PATIENCE_S, PROGRAM, SHORT, report_in, trajectory_in
from tests.helpers.tiny_recordings import write_camera

COUNT = 12


@pytest.fixture
def serve_walk(walk):
    """The walk forth and back without end, in the pace of a camera."""
    def serve(connection, camera):
        around = [*walk[0], *walk[0][-2:0:-1]]
        for number in range(10**6):
            camera.send(around[number % len(around)].rgb)
            camera.pause(1 / 30)
    return serve


@pytest.fixture
def options(walk, tmp_path):
    """Calibration and network for the walk, and where results go."""
    write_camera(tmp_path / "camera.yaml", walk[1])
    return ["--calibration", str(tmp_path / "camera.yaml"), *bright_is_near(tmp_path),
            *SHORT, "--output", str(tmp_path / "out")]


@pytest.fixture
def walk_db3(walk, tmp_path):
    pytest.importorskip("pyrealsense2")
    views = [(frame.rgb, np.rint(1000 * frame.sensor_depth.depth_m).astype(np.uint16)) for frame in walk[0][:COUNT]]
    return write_db3(tmp_path / "walk.db3", views, walk[1].fx, walk[1].fx)


def test_a_stream_replays_to_the_identical_trajectory(kernels, serve_walk, options, tmp_path, monkeypatch, capsys):
    """Whatever else this machine does, no frame is dropped here: the thread ahead waits."""
    monkeypatch.setattr("sequences.prefetch.newest", lambda frames, leave: prefetch(frames))
    with MjpegServer(serve_walk) as server:
        url = server.url.replace("//", "//me:secret@")
        assert run_slam.main([url, *options, "--record", str(tmp_path / "tape"), "--max-frames", str(COUNT)]) == 0
    live, screen = report_in(tmp_path / "out"), capsys.readouterr().out
    path = (tmp_path / "out" / "trajectory.txt").read_text()
    assert (live["frames"], live["dropped"], live["recorded"], live["left_out_of_recording"]) == (COUNT, 0, COUNT, 0)
    assert live["tracked"] >= COUNT - 2 and live["stages"]["latency"]["calls"] == COUNT
    assert "secret" not in screen and "secret" not in (tmp_path / "out" / "report.json").read_text()
    assert "12 frames, 0 left out" in screen
    assert run_slam.main([str(tmp_path / "tape"), *options[2:]]) == 0
    assert (tmp_path / "out" / "trajectory.txt").read_text() == path
    assert report_in(tmp_path / "out")["surfels"] == live["surfels"]


def test_auto_looks_through_the_camera_before_the_run(
        kernels, serve_walk, walk, options, tmp_path, monkeypatch, capsys):
    looked_at = []

    def estimate(grays, guess):
        looked_at.extend(islice(grays, 3))
        return FocalEstimate(replace(walk[1], fx=200.0, fy=200.0), 0.05, 3, 3)

    monkeypatch.setattr("calib.unknown_camera.estimate_camera", estimate)
    with MjpegServer(serve_walk) as server:
        assert run_slam.main([server.url, "--calibration", "auto", *options[2:], "--max-frames", "8"]) == 0
        assert server.connections == 4, "for each of both one for the size and one for the frames"
    assert [gray.shape for gray in looked_at] == [walk[1].size] * 3
    screen = capsys.readouterr().out
    assert "now move it sideways" in screen and "fx 200, fy 200" in screen
    assert read_calibration(tmp_path / "out" / "estimated_camera.yaml").camera.fx == 200


def test_who_is_too_slow_drops_frames_and_records_them_all_the_same(
        kernels, serve_walk, options, tmp_path, monkeypatch, capsys):
    process = SlamSystem.process
    monkeypatch.setattr(SlamSystem, "process", lambda self, frame: (time.sleep(0.15), process(self, frame))[1])
    with MjpegServer(serve_walk) as server:
        assert run_slam.main([server.url, *options, "--record", str(tmp_path / "tape"), "--max-frames", "40"]) == 0
    report = report_in(tmp_path / "out")
    assert report["frames"] + report["dropped"] <= 40 and report["dropped"] > report["frames"]
    assert report["recorded"] == 40
    gaps_s = np.diff(trajectory_in(tmp_path / "out")[:, 0])
    assert gaps_s.min() > 0 and gaps_s.max() > 0.1, "times are those of the camera, not one every 1/30 s"


def test_ctrl_c_while_a_camera_is_silent(kernels, walk, options, tmp_path):
    sent = []

    def serve(connection, camera):
        for frame in walk[0]:
            camera.send(frame.rgb)
            camera.pause(1 / 30)
        sent.append(connection)
        camera.pause(PATIENCE_S)

    with MjpegServer(serve) as server:
        run = subprocess.Popen([sys.executable, str(PROGRAM), server.url, *options, "--record", str(tmp_path / "tape")],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + PATIENCE_S
        while 1 not in sent and run.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=PATIENCE_S)
    assert (run.returncode, errors) == (130, "run_slam: interrupted\n")
    report = report_in(tmp_path / "out")
    assert report["ended"] == "interrupted" and report["tracked"] > 2 and report["recorded"] == len(walk[0])
    assert (tmp_path / "out" / "mesh.ply").exists()
    assert len((tmp_path / "tape" / "rgb.txt").read_text().splitlines()) == len(walk[0])


def test_a_realsense_recording_becomes_a_mesh(kernels, walk_db3, walk, tmp_path, capsys):
    assert run_slam.main([str(walk_db3), "--depth", "sensor", *SHORT, "--output", str(tmp_path / "out")]) == 0
    trajectory = trajectory_in(tmp_path / "out")
    truth = [np.linalg.inv(walk[0][0].T_world_cam_true) @ frame.T_world_cam_true for frame in walk[0][:COUNT]]
    assert np.abs(trajectory[:, 1:4] - np.array(truth)[:, :3, 3]).max() < 0.02
    assert (tmp_path / "out" / "mesh.ply").exists()


@pytest.mark.heavy
def test_a_realsense_camera_replays_to_the_identical_trajectory(kernels, walk_db3, walk, tmp_path, monkeypatch, capsys):
    """Its device is the recording's, which plays in the pace of a camera."""
    import pyrealsense2 as rs
    monkeypatch.setattr("sequences.prefetch.newest", lambda frames, leave: prefetch(frames))
    monkeypatch.setattr(RealSense, "_find_device", lambda self: rs.context().load_device(str(walk_db3)))
    monkeypatch.setattr("sequences.cameras.realsense.camera.serials", list)
    source = f"realsense:size={walk[1].width}x{walk[1].height}"
    options = ["--depth", "sensor", "--output"]
    assert run_slam.main([source, "--record", str(tmp_path / "tape"), *options, str(tmp_path / "out")]) == 0
    path = (tmp_path / "out" / "trajectory.txt").read_text()
    assert f"realsense-{SERIAL}: unplugged, so the run ends here" in capsys.readouterr().out
    assert run_slam.main([str(tmp_path / "tape"), *options, str(tmp_path / "again")]) == 0
    assert (tmp_path / "again" / "trajectory.txt").read_text() == path and len(path.splitlines()) >= 2


def test_recordings_are_not_recorded(kernels, pristine_recording, tmp_path, capsys):
    assert run_slam.main([str(pristine_recording), "--record", str(tmp_path / "tape")]) == 2
    assert "--record is for cameras" in capsys.readouterr().err and not (tmp_path / "tape").exists()
