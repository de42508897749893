"""slam.tracking.motion_model."""

import numpy as np

from calib.geometry import se3
from slam.tracking.motion_model import ConstantVelocity

STEP = se3.exp(np.array([0.1, 0.02, -0.05, 0.01, 0.03, -0.02]))


def test_constant_velocity_is_continued_exactly():
    motion, T = ConstantVelocity(), np.eye(4)
    for k in range(4):
        motion.update(k * 0.1, T)
        T = T @ STEP
    assert np.allclose(motion.predict(0.4), T, atol=1e-9)


def test_a_frame_that_is_missing_stretches_the_step():
    motion = ConstantVelocity()
    motion.update(0.0, np.eye(4))
    motion.update(0.1, STEP)
    assert np.allclose(motion.predict(0.3), STEP @ STEP @ STEP, atol=1e-9)


def test_after_a_long_gap_the_camera_is_where_it_was():
    motion = ConstantVelocity()
    motion.update(0.0, np.eye(4))
    motion.update(0.1, STEP)
    assert np.array_equal(motion.predict(5.0), STEP)
    assert motion.is_too_far(0.41) and not motion.is_too_far(0.39), "three frame intervals"


def test_without_history_and_after_a_reset_nothing_moves():
    motion = ConstantVelocity()
    assert np.array_equal(motion.predict(1.0), np.eye(4))
    motion.update(0.0, np.eye(4))
    assert np.array_equal(motion.predict(1.0), np.eye(4))
    motion.update(0.1, STEP)
    motion.reset(STEP)
    assert np.array_equal(motion.predict(0.2), STEP)


def test_in_a_world_that_is_redrawn_and_grows_velocity_grows_along():
    motion, T_world_cam = ConstantVelocity(), se3.exp(np.array([3.0, 0, -1, 0.2, 0.5, 0.1]))
    motion.update(0.0, np.eye(4))
    motion.update(0.1, STEP)
    motion.move(T_world_cam, 2.5)
    grown = STEP.copy()
    grown[:3, 3] *= 2.5
    assert np.allclose(motion.predict(0.2), T_world_cam @ grown, atol=1e-9)
