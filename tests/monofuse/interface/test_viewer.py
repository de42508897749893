"""The live view: what it serves, that it costs little, and that nothing hangs on it."""

import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec

import numpy as np
import pytest

from calib.base.errors import BadInputError, MissingPackageError
from monofuse.interface.viewer import PORTS, Viewer, _pyramids, _Ration
from slam.config import SlamConfig
from slam.system import FrameResult, SlamSystem
from tests.helpers import scenes
from tests.helpers.paths import ROOT

needs_viser = pytest.mark.skipif(find_spec("viser") is None, reason="viser is not installed")


def system():
    return SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())


@pytest.fixture
def viewer():
    viewer = Viewer(system())
    yield viewer
    viewer.server.stop()


@needs_viser
def test_a_run_is_shown_and_served(viewer):
    slam = viewer.slam
    for index, T_world_cam in enumerate(scenes.walk(10)):
        frame = scenes.frame(index, T_world_cam)
        result = slam.process(frame)
        viewer.map_updates.next_s = viewer.camera_updates.next_s = 0
        viewer.show(frame, result)
    page = urllib.request.urlopen(viewer.address, timeout=5).read()
    assert b"<html" in page
    stable = slam.surfels.select(slam.surfels.config.stable_confidence)
    assert len(stable) > 1000 and viewer.clouds.sizes.sum() == len(stable)
    assert "tracked" in viewer.numbers.content and f"{len(slam.surfels):,}" in viewer.numbers.content
    assert np.allclose(viewer.camera.position, result.T_world_cam[:3, 3])


@needs_viser
def test_a_lost_camera_stays_where_it_was_seen_last(viewer):
    frame = scenes.frame(0, np.eye(4))
    viewer.show(frame, FrameResult(0, 0.0, "tracked", np.eye(4)))
    viewer.camera_updates.next_s = 0
    viewer.show(frame, FrameResult(1, 0.1, "lost"))
    assert np.allclose(viewer.camera.position, 0) and tuple(viewer.camera.color) == (230, 60, 50)


@needs_viser
def test_clouds_follow_their_keyframes(viewer):
    frame = scenes.frame(0, np.eye(4))
    viewer.show(frame, viewer.slam.process(frame))
    viewer.slam.keyframes.T_world_key[0, :3, 3] = 0.5, 0, 0
    viewer.map_updates.next_s = 0
    viewer.show(frame, FrameResult(1, 0.1, "lost"))
    assert np.allclose(viewer.clouds.handles[0].position, (0.5, 0, 0))


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
    ration = _Ration(0.01)
    assert ration.due()
    with ration:
        time.sleep(0.02)
    assert not ration.due() and ration.next_s > time.perf_counter() + 0.3


@needs_viser
def test_a_taken_port_makes_way_for_the_next(viewer):
    other = Viewer(system())
    assert other.address != viewer.address
    assert int(other.address.rpartition(":")[2]) in PORTS
    other.server.stop()


@needs_viser
def test_no_port_and_no_host_are_one_clear_error(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("monofuse.interface.viewer.PORTS", range(port, port + 1))
        with pytest.raises(BadInputError, match=f"no free port from {port}"):
            Viewer(system())
    with pytest.raises(BadInputError, match="203.0.113.1"):
        Viewer(system(), host="203.0.113.1")


def test_without_viser_the_error_names_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "viser", None)
    with pytest.raises(MissingPackageError, match="pip install viser"):
        Viewer(system())


@needs_viser
def test_the_process_ends_and_the_library_is_silent():
    code = ("import urllib.request\nfrom tests.helpers import scenes\nfrom slam.config import SlamConfig\n"
            "from slam.system import SlamSystem\n"
            "from monofuse.interface.viewer import Viewer\n"
            "viewer = Viewer(SlamSystem(scenes.CAMERA, SlamConfig.for_sensor()))\n"
            "urllib.request.urlopen(viewer.address).read()\nprint('end')")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("end\n", "", 0)


def test_pyramids_open_towards_the_view():
    T_world_cam = np.eye(4)
    T_world_cam[:3, 3] = 1, 2, 3
    edges = _pyramids(T_world_cam[None], scenes.CAMERA, 0.1)
    assert edges.shape == (8, 2, 3)
    assert np.allclose(edges[:4, 0], (1, 2, 3)) and np.allclose(edges[4:, :, 2], 3.1)
