"""slam.loops.verification: the same place from elsewhere is measured, with its scale; look-alikes are turned down."""

import numpy as np
import pytest

from calib.geometry import se3, sim3
from slam.config import SlamConfig
from slam.loops.verification import LoopVerifier, depth_log_ratio
from slam.mapping.keyframes import KeyframeConfig, Keyframes
from slam.tracking.pyramid import NO_DEPTH, build_pyramid, grey
from slam.tracking.relocalisation import RelocalisationConfig, Relocaliser
from slam.tracking.tracker import Tracker
from tests.helpers import scenes

CAMERA = scenes.CAMERA.resized((240, 320))
RELOCALISER = Relocaliser(CAMERA, RelocalisationConfig())
BASE = se3.exp(np.array([0.1, -0.1, 0.2, 0.05, 0.7, 0.02]))
MOVED = BASE @ se3.exp(np.array([0.15, -0.08, 0.1, 0.05, 0.12, 0.04]))


def keyframe(T_world_cam, is_measured, depth_scale=1.0, rgb=None):
    seen = scenes.speckled_frame(0, T_world_cam, CAMERA, depth_scale)
    rho = 1 / seen.depth.depth_m
    gray = grey(seen.rgb if rgb is None else rgb, CAMERA.size)
    pyramid = build_pyramid(gray, rho if is_measured else NO_DEPTH, CAMERA, 4)
    made = Keyframes(KeyframeConfig()).make(seen, pyramid, rho, 0.02, with_grid=is_measured)
    made.features = RELOCALISER.describe(gray)
    return made


def check(is_measured):
    config = SlamConfig.for_sensor() if is_measured else SlamConfig.for_network()
    return LoopVerifier(CAMERA, Tracker(config.tracker), 4, is_measured, config.verification)


def guesses(a, b):
    guess = RELOCALISER.pose(a.features, b)
    return [] if guess is None else [guess]


@pytest.mark.parametrize("by_features", [True, False], ids=["from features", "from a prediction"])
@pytest.mark.parametrize("is_measured, scale", [(True, 1.0), (False, 1.0), (False, 1.3)])
def test_the_same_place_is_measured(is_measured, scale, by_features):
    a, b = keyframe(MOVED, is_measured, depth_scale=scale), keyframe(BASE, is_measured)
    T_true = se3.inverse(MOVED) @ BASE
    off = se3.exp(np.array([0.02, 0.01, -0.02, 0.01, -0.01, 0.01])) @ T_true
    place = check(is_measured)(a, b, *((guesses(a, b), None) if by_features else ([], off)))
    assert place is not None and sim3.scale_of(place.S_a_b) == pytest.approx(scale, rel=0.01)
    error = sim3.log(sim3.inverse(place.S_a_b) @ sim3.scaling(scale) @ T_true)
    assert np.linalg.norm(error[:3]) < 0.01 and np.linalg.norm(error[3:6]) < 0.005
    assert place.overlap > 0.5 and place.agreement > 0.9


@pytest.mark.parametrize("is_measured", [True, False])
def test_the_same_wallpaper_at_another_depth_is_another_place(is_measured):
    """The image of one place over the depth of another: all features match, but not their depths."""
    rgb = scenes.speckled_frame(0, MOVED, CAMERA).rgb
    corner = se3.exp(np.array([0.3, 0, 0.6, 0, 1.9, 0]))
    a, b = keyframe(corner, is_measured, rgb=rgb), keyframe(BASE, is_measured)
    T_true = se3.inverse(MOVED) @ BASE
    assert check(is_measured)(a, b, [*guesses(a, b), T_true], T_true) is None


def test_twenty_pairs_of_places_with_one_texture():
    """Other corners of a room whose walls all have the same kind of pattern, from guesses as good as they get."""
    rng = np.random.default_rng(5)
    b = {is_measured: keyframe(BASE, is_measured) for is_measured in (True, False)}
    for k in range(20):
        T = se3.exp(np.array([*rng.uniform(-0.5, 0.5, 3), 0.1 * rng.normal(), 2.2 + 0.09 * k, 0.1 * rng.normal()]))
        is_measured = bool(k % 2)
        a = keyframe(T, is_measured)
        near = se3.exp(0.05 * rng.normal(size=6))
        assert check(is_measured)(a, b[is_measured], [*guesses(a, b[is_measured]), near], np.eye(4)) is None


def test_depths_are_compared_where_both_see():
    a, b = np.full(CAMERA.size, 0.5, np.float32), np.full(CAMERA.size, 0.25, np.float32)
    a[:, :160] = 0
    log_ratio = depth_log_ratio(a, b, np.eye(4), CAMERA, 4)
    assert len(log_ratio) == 40 * 60 and np.allclose(log_ratio, np.log(0.5))
