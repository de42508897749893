"""slam.loops.loop_trial: keyframes go on while a loop is tried."""

import numpy as np
import pytest

from calib.geometry import se3, sim3
from slam.loops.loop import Loop
from slam.loops.loop_trial import LoopTrial
from slam.loops.pose_graph import Optimum, PoseGraph, PoseGraphConfig
from tests.helpers import scenes
from tests.helpers.placed_keyframes import placed

WALK = scenes.turn(4, 0.5)
CORRECTION = sim3.exp(np.array([0.1, 0, 0.2, 0.05, 0, 0, 0.1]))


@pytest.fixture
def trial():
    """-> (a trial of the first three keyframes that asks for CORRECTION, these keyframes)"""
    keyframes = placed(WALK[:3])
    trial = LoopTrial(PoseGraph(PoseGraphConfig(), is_rigid=False), keyframes, [Loop(2, 0, np.eye(4))], [], None)
    trial.optimum = Optimum(CORRECTION @ trial.S_world_key, np.zeros(0), 1)
    return trial, keyframes


def test_what_is_learnt_while_a_loop_is_being_closed_is_kept(trial):
    """Keyframes are adjusted after the optimisation began: its correction comes on top."""
    trial, keyframes = trial
    adjustment = se3.exp(np.array([0.01, 0.02, 0, 0, 0.01, 0]))
    keyframes.T_world_key = keyframes.T_world_key @ adjustment
    assert np.allclose(trial.take_over(keyframes, {}), CORRECTION @ np.array(WALK[:3]) @ adjustment)


def test_keyframes_made_meanwhile_follow_those_they_were_tracked_against(trial):
    trial, _ = trial
    trial.submap = np.zeros(3, np.int64)
    later = placed(WALK)
    later.submap[:] = 1
    assert np.allclose(trial.take_over(later, {3: 2}), CORRECTION @ np.array(WALK)) and not later.submap.any()
