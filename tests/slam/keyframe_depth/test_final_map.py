"""slam.keyframe_depth.final_map: what keyframes say of each other's depth, and a map built anew in the box room."""

from dataclasses import replace

import numpy as np
import pytest

from calib.geometry import se3
from slam.config import SlamConfig
from slam.kernels.consistency import count_votes
from slam.keyframe_depth.final_depth import FinalDepthConfig
from slam.mapping.surfels import SurfelConfig
from slam.system import SlamSystem
from tests.helpers import scenes

CONFIG = replace(SlamConfig.for_network(), surfels=SurfelConfig(max_surfels=200_000), final_depth=FinalDepthConfig())
WALK = scenes.walk(60, (0.02, -0.004, 0.014, 0.002, 0.006, -0.001))


def votes(inverse_depth, poses):
    """Of cameras in the box, that see it as it is -> agree, oppose"""
    others = np.stack([1 / scenes.cast(T)[0] for T in poses]).astype(np.float32)
    agree, oppose = np.empty((2, *inverse_depth.shape), np.uint8)
    count_votes(inverse_depth.astype(np.float32), others, se3.inverse(np.array(poses))[:, :3].astype(np.float32),
                   np.array(scenes.CAMERA.pinhole, np.float32), np.float32(0.1), agree, oppose)
    return agree, oppose


@pytest.mark.parametrize("factor, agreeing, opposing", [(1.0, 2, 0), (0.7, 0, 2), (1.4, 0, 0)])
def test_other_keyframes_agree_or_see_through_or_cannot_tell(factor, agreeing, opposing):
    poses = [se3.exp(np.array([x, 0.02, 0.05, 0, 0, 0])) for x in (-0.1, 0.1)]
    agree, oppose = votes(1 / (factor * scenes.cast(np.eye(4))[0]), poses)
    middle = np.s_[20:-20, 25:-25]
    assert np.all(agree[middle] == agreeing) and np.all(oppose[middle] == opposing)


def test_unknown_depth_and_other_directions_have_no_vote():
    agree, oppose = votes(np.zeros(scenes.CAMERA.size), [np.eye(4)])
    assert not agree.any() and not oppose.any()
    turned = se3.exp(np.array([0, 0, 0, 0, np.pi, 0]))
    agree, oppose = votes(1 / scenes.cast(np.eye(4))[0], [turned])
    assert not agree.any() and not oppose.any()


def distance_to_walls_m(slam):
    rows = slam.surfels.select(6.0)
    _, T_world_cam = slam.trajectory()
    scale = np.ptp(np.array(WALK)[:, :3, 3], axis=0).max() / np.ptp(T_world_cam[:, :3, 3], axis=0).max()
    points = scale * slam.surfels.world_points(rows, slam.keyframes.T_world_key)[0]
    return np.abs(np.abs(points) - scenes.HALF_SIZE_M).min(-1)


def test_the_map_is_built_anew_at_once_or_not_at_all():
    slam = SlamSystem(scenes.CAMERA, CONFIG)
    rng = np.random.default_rng(0)
    for i, T in enumerate(WALK):
        slam.process(scenes.speckled_frame(i, T, scenes.CAMERA, rng.uniform(0.9, 1.1)))
    slam.finish()
    first, before = slam.surfels, distance_to_walls_m(slam)
    list(slam.estimate_depth())
    steps = slam.rebuild()
    next(steps)
    steps.close()
    assert slam.surfels is first
    shares = list(slam.rebuild())
    after = distance_to_walls_m(slam)
    assert slam.surfels is not first and shares == sorted(shares) and shares[-1] == pytest.approx(1)
    assert np.median(after) < max(0.02, np.median(before)) and len(after) > 0.7 * len(before)
    assert len(slam.surfels.chunks.open_row) == len(slam.keyframes)


def test_a_keyframe_that_stands_alone_keeps_its_depth():
    slam = SlamSystem(scenes.CAMERA, CONFIG)
    slam.process(scenes.frame(0, np.eye(4)))
    slam.finish()
    list(slam.estimate_depth())
    list(slam.rebuild())
    assert len(slam.surfels) > 0.5 * scenes.CAMERA.width * scenes.CAMERA.height


def test_images_are_kept_only_for_a_final_map():
    for final_depth, kept in ((FinalDepthConfig(), 1), (None, 0)):
        slam = SlamSystem(scenes.CAMERA, replace(CONFIG, final_depth=final_depth))
        slam.process(scenes.frame(0, np.eye(4)))
        assert len(slam.depth.refiner.rgb) == kept and (final_depth or not list(slam.estimate_depth()))
