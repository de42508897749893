"""benchmarks/loops.py: keyframes drift by what is asked for, and by nothing else."""

import numpy as np
import pytest

from benchmarks.loops import DRIFT, DriftingSlam
from calib.geometry import se3
from slam.config import SlamConfig
from tests.helpers import scenes

FRAMES = [scenes.frame(index, T_world_cam) for index, T_world_cam in enumerate(scenes.walk(40))]


def keyframe_poses(drift):
    slam = DriftingSlam(scenes.CAMERA, SlamConfig.for_sensor(), drift)
    for frame in FRAMES:
        slam.process(frame)
        if len(slam.keyframes) == 2:
            break
    return slam.keyframes.T_world_key


def test_the_second_keyframe_is_off_by_the_drift():
    own, drifted = keyframe_poses(0 * DRIFT), keyframe_poses(DRIFT)
    assert len(own) == len(drifted) == 2 and np.array_equal(own[0], drifted[0])
    assert drifted[1] == pytest.approx(own[1] @ se3.exp(DRIFT), abs=1e-12)
