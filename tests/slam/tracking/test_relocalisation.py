"""slam.tracking.relocalisation: guesses from stored keyframes, and what confirms them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from calib.geometry import se3
from slam.loops.appearance_index import AppearanceConfig, AppearanceIndex
from slam.mapping.keyframes import KeyframeConfig, Keyframes
from slam.tracking.pyramid import NO_DEPTH, build_pyramid
from slam.tracking.relocalisation import RelocalisationConfig, Relocaliser
from slam.tracking.tracker import Tracker, TrackerConfig
from tests.helpers import scenes

CAMERA = scenes.CAMERA.resized((240, 320))
LOOK_LEFT = se3.exp(np.array([0, 0, 0, 0, -1.2, 0]))


def seen_from(T_world_cam):
    """-> (gray, pyramid, depth) with speckles that features can hold on to."""
    depth_m, points = scenes.cast(T_world_cam, CAMERA)
    gray = np.clip(scenes.texture(points).mean(-1) + 0.3 * scenes.speckled(points), 0, 1).astype(np.float32)
    return gray, build_pyramid(gray, NO_DEPTH, CAMERA, 4), depth_m.astype(np.float32)


@pytest.fixture(scope="module")
def world():
    """Two keyframes that look in different directions; the second is the reference."""
    relocaliser, keyframes = Relocaliser(CAMERA, RelocalisationConfig()), Keyframes(KeyframeConfig())
    index = AppearanceIndex(AppearanceConfig())
    for number, T_world_key in enumerate((np.eye(4), LOOK_LEFT)):
        gray, pyramid, depth_m = seen_from(T_world_key)
        keyframe = keyframes.make(scenes.frame(number, T_world_key), pyramid, 1 / depth_m, 0.0, with_grid=False)
        keyframe.features = relocaliser.describe(gray)
        keyframes.add(keyframe, T_world_key)
        index.add(keyframe.features[1])
    return relocaliser, keyframes, index


def found(world, T_world_cam, gray=None):
    """-> (keyframe row, T_world_cam) of the first confirmed guess, or None."""
    relocaliser, keyframes, index = world
    seen, pyramid, _ = seen_from(T_world_cam)
    gray = seen if gray is None else gray
    pyramid = build_pyramid(gray, NO_DEPTH, CAMERA, 4)
    for keyframe, T_cam_key in relocaliser.guesses(SimpleNamespace(gray=gray, usable=None), keyframes, index):
        tracked = Tracker(TrackerConfig()).track(pyramid, keyframe, T_cam_key)
        if relocaliser.confirms(tracked, keyframe, T_cam_key):
            return keyframe.row, keyframes.T_world_key[keyframe.row] @ se3.inverse(tracked.T_cam_key)
    return None


@pytest.mark.parametrize("row, base", [(0, np.eye(4)), (1, LOOK_LEFT)])
def test_the_place_is_found_from_nearby(world, row, base):
    T_world_cam = base @ se3.exp(np.array([0.15, -0.08, 0.1, 0.05, 0.08, 0.05]))
    where = found(world, T_world_cam)
    assert where is not None and where[0] == row
    error = se3.inverse(where[1]) @ T_world_cam
    assert np.linalg.norm(error[:3, 3]) < 0.01 and se3.rotation_angle_rad(error) < 0.005


def test_a_place_never_seen_is_not_found(world):
    assert found(world, se3.exp(np.array([0, 0, 0, 0, np.pi * 0.8, 0]))) is None


def test_noise_and_darkness_are_not_found(world):
    rng = np.random.default_rng(0)
    assert found(world, np.eye(4), gray=rng.uniform(size=CAMERA.size).astype(np.float32)) is None
    assert found(world, np.eye(4), gray=np.zeros(CAMERA.size, np.float32)) is None


def test_a_guess_that_alignment_leaves_far_behind_is_refused(world):
    relocaliser, keyframes, _ = world
    _, pyramid, _ = seen_from(np.eye(4))
    tracked = Tracker(TrackerConfig()).track(pyramid, keyframes.items[0], np.eye(4))
    assert relocaliser.confirms(tracked, keyframes.items[0], np.eye(4))
    far = se3.exp(np.array([0, 0, 0, 0, 0.3, 0]))
    assert not relocaliser.confirms(tracked, keyframes.items[0], far)
    assert not relocaliser.confirms(tracked._replace(correlation=0.4), keyframes.items[0], np.eye(4))


def test_all_keyframes_have_their_turn(world):
    """However little an image looks like them."""
    relocaliser, keyframes, _ = world
    many, index = Keyframes(KeyframeConfig()), AppearanceIndex(AppearanceConfig())
    for row in range(20):
        many.items.append(replace(keyframes.items[0], row=row))
        index.add(keyframes.items[0].features[1])
    many.reference = many.items[7]
    nothing = relocaliser.describe(np.zeros(CAMERA.size, np.float32))
    tried = [[k.row for k in relocaliser._similar(nothing, many, index, attempt)] for attempt in range(12)]
    assert set().union(*tried) == set(range(20))
    assert all(rows[0] == 7 and len(set(rows)) == len(rows) <= relocaliser.config.candidates for rows in tried)
