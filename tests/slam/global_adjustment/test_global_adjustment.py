"""slam.global_adjustment.global_adjustment: keyframes of the speckled box that stand wrong and have the wrong size."""

from dataclasses import replace

import numpy as np
import pytest

from calib.geometry import se3, sim3
from slam.config import SlamConfig
from slam.global_adjustment.feature_tracks import PointTracks
from slam.global_adjustment.global_adjustment import GlobalAdjustment, depth_at, placed
from slam.loops.candidates import LoopCandidates
from slam.mapping.keyframes import Keyframes
from slam.tracking.image import prepared
from tests.helpers import scenes

CONFIG = SlamConfig.for_network()
CAMERA = scenes.CAMERA.resized((240, 320))
COUNT = 6
NEXT = [(row, row + 1) for row in range(COUNT - 1)]
T_WORLD_KEY = np.array([se3.exp(np.array([0.12 * k, 0.02 * k, 0.03 * k, 0.01 * k, 0.05 * k, 0])) for k in range(COUNT)])


def keyframes_of(T_world_key, depth_scale=None, blank=()):
    """Keyframes of what is seen from the true poses, but standing at T_world_key, with depth `depth_scale` (K,) too
    large; `blank`: rows without a feature."""
    keyframes = Keyframes(CONFIG.keyframes)
    for row, T in enumerate(T_WORLD_KEY):
        frame = scenes.speckled_frame(row, T, CAMERA, 1.0 if depth_scale is None else depth_scale[row])
        image = prepared(frame, CAMERA, CONFIG)
        keyframe = keyframes.make(image, image.pyramid, image.inverse_depth, 0.05, with_grid=False)
        if row in blank:
            keyframe.gray_u8[:] = 100
        keyframes.add(keyframe, T_world_key[row])
    return keyframes


def adjusted(keyframes, network_depth):
    adjustment = GlobalAdjustment(CAMERA, LoopCandidates(CAMERA, CONFIG.loops.candidates).overlap, CONFIG.adjustment)
    shares = list(adjustment.steps(keyframes, network_depth, loops=[], tracked=NEXT))
    assert shares == sorted(shares) and 0 <= shares[0] and shares[-1] <= 1
    return keyframes.S_world_key() if adjustment.S_world_key is None else adjustment.S_world_key


def disturbed(scale=1.0):
    """Poses that are 2 cm and a degree off, and further apart by a factor."""
    rng = np.random.default_rng(0)
    T = np.array([T @ se3.exp(0.02 * rng.normal(size=6) * (k > 0)) for k, T in enumerate(T_WORLD_KEY)])
    T[:, :3, 3] *= scale
    return T


def true_depth():
    return {row: prepared(scenes.speckled_frame(row, T, CAMERA), CAMERA, CONFIG).inverse_depth[::2, ::2]
            for row, T in enumerate(T_WORLD_KEY)}


def errors_m(S_world_key):
    return np.linalg.norm(S_world_key[:, :3, 3] - T_WORLD_KEY[:, :3, 3], axis=1)


def test_keyframes_come_to_where_they_are():
    S_world_key = adjusted(keyframes_of(disturbed()), true_depth())
    assert errors_m(disturbed()).max() > 0.02 and errors_m(S_world_key).max() < 0.012
    np.testing.assert_allclose(sim3.scale_of(S_world_key), 1, atol=0.02)


def test_keyframes_of_a_saved_map_stay_and_the_others_come_to_them():
    T = np.array([*T_WORLD_KEY[:3], *disturbed()[3:]])
    keyframes = keyframes_of(T)
    keyframes.anchored_count = 3
    S_world_key = adjusted(keyframes, {row: depth * 1.2 for row, depth in true_depth().items()})
    np.testing.assert_allclose(S_world_key[:3], T_WORLD_KEY[:3], atol=1e-9)
    assert errors_m(T)[3:].max() > 0.02 and errors_m(S_world_key)[3:].max() < 0.015


def test_a_map_that_shrank_on_the_way_grows_back():
    """Every keyframe's depth and motion is 8 % smaller than that of the one before; the network knows better."""
    shrink = 0.92 ** np.arange(COUNT)
    T = np.array(T_WORLD_KEY)
    T[1:, :3, 3] = np.cumsum(np.diff(T_WORLD_KEY[:, :3, 3], axis=0) * shrink[1:, None], 0)
    S_world_key = adjusted(keyframes_of(T, shrink), true_depth())
    assert errors_m(T).max() > 0.1 and errors_m(S_world_key).max() < 0.012
    np.testing.assert_allclose(sim3.scale_of(S_world_key), 1 / shrink, rtol=0.03)


def test_a_keyframe_without_features_goes_where_the_one_before_goes():
    before = disturbed()
    S_world_key = adjusted(keyframes_of(before, blank=[3]), true_depth())
    np.testing.assert_allclose(sim3.inverse(S_world_key[2]) @ S_world_key[3], se3.inverse(before[2]) @ before[3],
                               atol=1e-9)
    assert errors_m(S_world_key)[[1, 2, 4, 5]].max() < 0.008


@pytest.mark.parametrize("missing", [None, np.zeros((120, 160), np.float16)])
def test_the_network_need_not_vote_on_every_keyframe(missing):
    S_world_key = adjusted(keyframes_of(disturbed()), true_depth() | {2: missing, 5: missing})
    assert errors_m(S_world_key).max() < 0.012


def test_nothing_in_common_changes_nothing():
    keyframes = keyframes_of(disturbed(), blank=range(COUNT))
    np.testing.assert_array_equal(adjusted(keyframes, true_depth()), keyframes.S_world_key())


def test_a_second_round_tries_what_it_did_not_know_to_see_the_same():
    far = disturbed()
    far[5, :3, 3] += [3, 0, 0]
    keyframes = keyframes_of(far)
    config = replace(CONFIG.adjustment, before=1, motion_std=(1.0, 1.0))  # tracking is never wrong by that much
    adjustment = GlobalAdjustment(CAMERA, LoopCandidates(CAMERA, CONFIG.loops.candidates).overlap, config)
    rounds = []
    for _ in range(3):
        list(adjustment.steps(keyframes, true_depth(), loops=[], tracked=NEXT))
        if adjustment.S_world_key is not None:
            keyframes.move(adjustment.S_world_key)
        rounds.append((len(adjustment.matches), errors_m(keyframes.S_world_key()).max()))
    (few, _), (more, error_m), (as_many, _) = rounds
    assert (0, 5) in adjustment.matches and few < more == as_many and error_m < 0.012
    assert adjustment.S_world_key is None


def test_depth_of_half_size_is_read_where_its_pixels_lie():
    """Pixel u of the small image covers 2 u and 2 u + 1 of the large one."""
    depth_m = np.arange(1.0, 1 + 120 * 160).reshape(120, 160)
    v, u = (axis.ravel() for axis in np.mgrid[:240, :320])
    tracks = PointTracks(np.zeros(v.size, int), np.arange(v.size), np.column_stack([u, v]).astype(float))
    np.testing.assert_allclose(depth_at({0: 1 / depth_m}, tracks, CAMERA), depth_m[v // 2, u // 2])


def test_parts_stand_where_their_first_keyframe_stood():
    before = sim3.similarity(T_WORLD_KEY, np.ones(COUNT))
    after = sim3.similarity(disturbed(1.5), np.full(COUNT, 1.5))
    part = np.array([0, 0, -1, 1, 1, 1])
    S = placed(before, after, part, np.zeros(COUNT, int))

    def motion(S, a, b):
        return sim3.inverse(S[a]) @ S[b]

    np.testing.assert_allclose(motion(S, 0, 1), motion(after, 0, 1), atol=1e-9)
    np.testing.assert_allclose(motion(S, 1, 2), motion(before, 1, 2), atol=1e-9)
    np.testing.assert_allclose(motion(S, 3, 5), motion(after, 3, 5), atol=1e-9)
    np.testing.assert_allclose(motion(S, 2, 3)[:3, 3], motion(before, 2, 3)[:3, 3], atol=1e-9)
    np.testing.assert_allclose(sim3.scale_of(S), [1.5] * COUNT)
    S = placed(before, after, np.full(COUNT, -1), np.arange(COUNT))
    np.testing.assert_array_equal(S, before)
