"""slam.loops.loop: what a loop asks of the keyframes, in the units that these have now."""

import numpy as np

from calib.geometry import sim3
from slam.loops.loop import Loop
from tests.helpers import scenes
from tests.helpers.placed_keyframes import placed

WALK = scenes.turn(8, 1.0)
MOVE = sim3.exp(np.array([0.1, -0.05, 0.2, 0.02, 0.1, -0.03, 0.3]))


def between(S, new, old):
    return sim3.inverse(S[new]) @ S[old]


def test_nothing_is_corrected_where_the_map_agrees():
    S = placed(WALK).S_world_key()
    assert np.allclose(Loop(6, 1, between(S, 6, 1)).correction(S), np.eye(4))


def test_the_correction_brings_the_new_keyframe_to_where_the_loop_has_it():
    S = placed(WALK).S_world_key()
    loop = Loop(6, 1, between(S, 6, 1) @ MOVE)
    S[6] = S[6] @ loop.correction(S)
    assert np.allclose(between(S, 6, 1), loop.S_new_old)


def test_a_loop_is_kept_in_the_units_that_its_keyframes_had_when_they_were_made():
    keyframes, T_new_old = placed(WALK), np.linalg.inv(WALK[6]) @ WALK[1]
    keyframes.scale[:] = 2.0, 3.0, 1.0, 1.0, 1.0, 1.0, 0.5, 1.0
    loop = Loop.measured(6, 1, T_new_old, (keyframes.scale[6], keyframes.scale[1]))
    assert np.allclose(loop.correction(keyframes.S_world_key()), np.eye(4))


def test_the_younger_submap_moves_into_the_older_ones_world():
    S, submap = placed(WALK).S_world_key(), np.array([0, 0, 0, 0, 2, 2, 2, 2])
    moved = np.where((submap == 2)[:, None, None], MOVE @ S, S)
    for loop in (Loop(6, 1, between(S, 6, 1)), Loop(1, 6, between(S, 1, 6))):
        S_joined, submap_joined = loop.joined(moved, submap)
        assert np.allclose(S_joined, S) and not submap_joined.any()
