"""Surfels as clouds of points: what is sent, and what is not."""

import numpy as np
import pytest

from monofuse.interface.viewer.clouds import Clouds, Look
from monofuse.interface.viewer.colouring import DIMMED, MODES, colours_of, depth_picture
from slam.config import SlamConfig
from slam.system import SlamSystem
from tests.helpers import scenes


class Node:
    def __init__(self, scene, name, **values):
        self.scene, self.name = scene, name
        self.__dict__ |= values

    def remove(self):
        del self.scene.nodes[self.name]


class Scene:
    """Notes what a browser would get."""

    def __init__(self):
        self.nodes, self.sent = {}, []

    def add_point_cloud(self, name, points, colours, **values):
        assert len(points) == len(colours) > 0, "browsers choke on empty clouds and on colours of another length"
        self.nodes[name] = Node(self, name, points=points, colours=colours, **values)
        self.sent.append(name)
        return self.nodes[name]


@pytest.fixture(scope="module")
def slam():
    slam = SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())
    for index, T_world_cam in enumerate(scenes.walk(8)):
        slam.process(scenes.frame(index, T_world_cam))
    return slam


def test_every_stable_surfel_is_sent_once(slam):
    scene = Scene()
    clouds, T = Clouds(scene), slam.keyframes.T_world_key
    clouds.update(slam.surfels, T, Look())
    stable = slam.surfels.select(slam.surfels.config.stable_confidence)
    assert len(stable) > 1000 and clouds.point_count == len(stable)
    count = len(scene.sent)
    clouds.update(slam.surfels, T, Look())
    assert len(scene.sent) == count


def test_nothing_is_sent_for_keyframes_without_stable_surfels():
    slam = SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())
    slam.process(scenes.frame(0, np.eye(4)))
    scene = Scene()
    Clouds(scene).update(slam.surfels, slam.keyframes.T_world_key, Look())
    assert scene.nodes == {}


def test_keyframes_that_move_take_their_points_along(slam):
    scene, T = Scene(), slam.keyframes.T_world_key.copy()
    clouds = Clouds(scene)
    clouds.update(slam.surfels, T, Look())
    count = len(scene.sent)
    T[0, :3, 3] = 0.5, 0, 0
    clouds.update(slam.surfels, T, Look())
    assert np.allclose(scene.nodes["/map/0"].position, (0.5, 0, 0)) and len(scene.sent) == count


def test_points_are_as_large_as_their_surfels(slam):
    scene, T = Scene(), slam.keyframes.T_world_key
    clouds = Clouds(scene)
    clouds.update(slam.surfels, T, Look())
    rows = slam.surfels.select(slam.surfels.config.stable_confidence)
    rows = rows[slam.surfels.keyframe_of(rows) == 0]
    diameter_m = 2 * np.median(slam.surfels.arrays.radius[rows])
    assert scene.nodes["/map/0"].point_size == pytest.approx(diameter_m)
    count = len(scene.sent)
    clouds.update(slam.surfels, T, Look(size=2.0))
    assert scene.nodes["/map/0"].point_size == pytest.approx(2 * diameter_m) and len(scene.sent) == count


def test_what_the_camera_does_not_see_is_dimmed(slam):
    scene, T = Scene(), slam.keyframes.T_world_key
    clouds = Clouds(scene)
    clouds.update(slam.surfels, T, Look())
    bright = scene.nodes["/map/0"].colours
    clouds.update(slam.surfels, T, Look(lit=frozenset([len(T)])))
    assert np.abs(scene.nodes["/map/0"].colours - DIMMED * bright).max() <= 1
    clouds.update(slam.surfels, T, Look(lit=frozenset([0])))
    assert (scene.nodes["/map/0"].colours == bright).all()


def test_colours_change_with_their_mode_and_all_goes_away(slam):
    scene, T = Scene(), slam.keyframes.T_world_key
    clouds = Clouds(scene)
    seen = []
    for mode in MODES:
        clouds.update(slam.surfels, T, Look(mode))
        seen.append(scene.nodes["/map/0"].colours.tobytes())
    assert len(set(seen)) == len(MODES)
    clouds.clear()
    assert scene.nodes == {} and clouds.point_count == 0


@pytest.mark.parametrize("mode", MODES)
def test_colours_are_whole(slam, mode):
    rows = slam.surfels.select(0)[:50]
    colours = colours_of(slam.surfels, rows, mode, 3)
    assert colours.shape == (50, 3) and colours.dtype == np.uint8 and colours.max() > 60


def test_a_depth_picture_is_blue_near_red_far_and_black_where_unknown():
    near, far, unknown = depth_picture(np.array([[1 / 0.6, 1 / 5.5, 0]], np.float32))[0].astype(int)
    assert near[2] > near[0] and far[0] > far[2] and not unknown.any()
