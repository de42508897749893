"""The live view: what it serves, that it costs little, and that nothing hangs on it."""

import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from urllib.parse import urlsplit

import numpy as np
import pytest

from calib.base.errors import BadInputError, MissingPackageError
from monofuse.interface.viewer.eye import eye_and_target
from monofuse.interface.viewer.live import UP, Viewer
from monofuse.interface.viewer.pacing import Ration
from monofuse.interface.viewer.panel import RESET, SAVE
from monofuse.interface.viewer.server import PORTS
from monofuse.interface.viewer.shapes import pyramids, trajectory_segments
from slam.config import SlamConfig
from slam.system import FrameResult, SlamSystem
from tests.helpers import scenes
from tests.helpers.paths import ROOT
from tests.helpers.small_result import write_result

needs_viser = pytest.mark.skipif(find_spec("viser") is None, reason="viser is not installed")


def system():
    return SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())


@pytest.fixture
def viewer():
    viewer = Viewer(system())
    yield viewer
    viewer.close()


def show_now(viewer, frame, result):
    viewer.map_updates.next_s = viewer.camera_updates.next_s = 0
    viewer.show(frame, result)


def press(button):
    """What the server does when a browser presses a button."""
    for callback in button._impl.update_cb:
        callback(None)


@needs_viser
def test_a_run_is_shown_and_served(viewer):
    slam = viewer.slam
    for index, T_world_cam in enumerate(scenes.walk(10)):
        frame = scenes.frame(index, T_world_cam)
        result = slam.process(frame)
        show_now(viewer, frame, result)
    page = urllib.request.urlopen(viewer.address, timeout=5).read()
    assert b"<html" in page
    assert viewer.clouds.point_count == len(slam.surfels.select(slam.surfels.config.stable_confidence)) > 1000
    assert "tracking" in viewer.panel.state.content and f"{len(slam.surfels):,}" in viewer.panel.numbers.content
    assert np.allclose(viewer.camera.position, result.T_world_cam[:3, 3])
    assert viewer.panel.depth.image.std() > 10 and viewer.panel.picture.image.std() > 10
    scene = viewer.server.scene
    assert scene.get_handle_by_name("/trajectory").points.shape[1:] == (2, 3)
    assert len(scene.get_handle_by_name("/keyframes/covisible").points) == 8 * len(slam.keyframes)
    assert scene.get_handle_by_name("/keyframes/others") is None and scene.get_handle_by_name("/loops") is None


@needs_viser
def test_a_lost_camera_stays_where_it_was_seen_last_and_the_user_is_told_what_to_do(viewer):
    frame = scenes.frame(0, np.eye(4))
    viewer.show(frame, FrameResult(0, 0.0, "tracked", np.eye(4)))
    show_now(viewer, frame, FrameResult(1, 0.1, "lost"))
    assert np.allclose(viewer.camera.position, 0) and tuple(viewer.camera.color) == (230, 60, 50)
    assert viewer.panel.state.content == "**lost: turn back to where you were**"


@needs_viser
def test_buttons_steer_the_run():
    done = []
    viewer = Viewer(system(), answers={SAVE: lambda: done.append(SAVE), RESET: lambda: done.append(RESET)})
    try:
        frame = scenes.frame(0, np.eye(4))
        press(viewer.panel.save)
        press(viewer.panel.reset)
        viewer.show(frame, FrameResult(0, 0.0, "lost"))
        assert done == [SAVE, RESET]
        press(viewer.panel.pause)
        assert viewer.controls.is_paused and viewer.panel.pause.label == "go on"
        press(viewer.panel.pause)
        assert not viewer.controls.is_paused
        press(viewer.panel.stop)
        assert viewer.is_stopped and list(viewer.heeded([frame])) == [] and viewer.panel.pause.disabled
    finally:
        viewer.close()


@needs_viser
def test_without_answers_their_buttons_are_off(viewer):
    assert viewer.panel.save.disabled and viewer.panel.reset.disabled and not viewer.panel.stop.disabled


@needs_viser
def test_another_system_takes_the_place_of_the_first(viewer):
    frame = scenes.frame(0, np.eye(4))
    for index, T_world_cam in enumerate(scenes.walk(8)):
        result = viewer.slam.process(scenes.frame(index, T_world_cam))
    show_now(viewer, frame, result)
    assert viewer.clouds.point_count
    viewer.watch(system())
    show_now(viewer, frame, FrameResult(1, 0.1, "waiting"))
    assert viewer.clouds.point_count == 0


@needs_viser
def test_the_result_takes_the_place_of_the_run(viewer, tmp_path):
    frame = scenes.frame(0, np.eye(4))
    viewer.show(frame, viewer.slam.process(frame))
    viewer.show_corrected()
    viewer.finish(write_result(tmp_path / "result"))
    scene = viewer.server.scene
    assert scene.get_handle_by_name("/mesh") and scene.get_handle_by_name("/world/trajectory")
    assert scene.get_handle_by_name("/camera") is None
    viewer.result_view.closed.set()
    viewer.wait(lambda: False)


@needs_viser
def test_showing_costs_little(viewer):
    frame = scenes.frame(0, np.eye(4))
    result = viewer.slam.process(frame)
    viewer.show(frame, result)
    start_s = time.perf_counter()
    for _ in range(1000):
        viewer.show(frame, result)
    assert time.perf_counter() - start_s < 0.5


def test_updates_are_rationed_by_what_they_cost():
    ration = Ration(0.01, 0.03)
    assert ration.due()
    with ration:
        time.sleep(0.02)
    assert not ration.due() and ration.next_s > time.perf_counter() + 0.3


@needs_viser
def test_a_taken_port_makes_way_for_the_next(viewer):
    other = Viewer(system())
    port = urlsplit(other.address).port
    assert port != urlsplit(viewer.address).port and port in PORTS
    other.close()


@needs_viser
def test_no_port_and_no_host_are_one_clear_error(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("monofuse.interface.viewer.server.PORTS", range(port, port + 1))
        with pytest.raises(BadInputError, match=f"no free port from {port}"):
            Viewer(system())
    with pytest.raises(BadInputError, match="203.0.113.1"):
        Viewer(system(), host="203.0.113.1")
    with pytest.raises(BadInputError, match="no.such.host.invalid"):
        Viewer(system(), host="no.such.host.invalid")


def test_without_viser_the_error_names_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "viser", None)
    with pytest.raises(MissingPackageError, match="pip install viser"):
        Viewer(system())


@needs_viser
def test_the_process_ends_and_the_library_is_silent():
    code = ("import urllib.request\nfrom tests.helpers import scenes\nfrom slam.config import SlamConfig\n"
            "from slam.system import SlamSystem\n"
            "from monofuse.interface.viewer.live import Viewer\n"
            "viewer = Viewer(SlamSystem(scenes.CAMERA, SlamConfig.for_sensor()))\n"
            "urllib.request.urlopen(viewer.address).read()\nprint('end')")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("end\n", "", 0)


def test_pyramids_open_towards_the_view():
    T_world_cam = np.eye(4)
    T_world_cam[:3, 3] = 1, 2, 3
    edges = pyramids(T_world_cam[None], scenes.CAMERA, 0.1)
    assert edges.shape == (8, 2, 3)
    assert np.allclose(edges[:4, 0], (1, 2, 3)) and np.allclose(edges[4:, :, 2], 3.1)


def test_the_eye_is_behind_the_camera_or_above_it():
    T = np.eye(4)
    T[:3, 3] = 1, 2, 3
    eye, target = eye_and_target("follow", T, UP)
    assert eye[2] < 3 < target[2] and eye[1] < 2
    eye, target = eye_and_target("top", T, UP)
    assert eye[1] < -3 and np.allclose(eye[[0, 2]], (1, 3), atol=0.1) and eye[2] < target[2]


def test_a_trajectory_is_thinned_and_keeps_its_ends():
    positions = np.arange(9001.0)[:, None] * np.ones(3)
    segments, colours = trajectory_segments(positions)
    assert len(segments) <= 2001 and segments[0, 0, 0] == 0 and segments[-1, 1, 0] == 9000
    assert colours[0, 0, 2] > colours[0, 0, 0] and colours[-1, 1, 0] > colours[-1, 1, 2]
    assert len(trajectory_segments(positions[:1])[0]) == len(trajectory_segments(positions[:0])[0]) == 0
