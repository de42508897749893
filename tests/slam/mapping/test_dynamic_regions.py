"""slam.mapping.dynamic_regions and its kernels: against slow references, and with a slab that walks through a box."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from calib.geometry import se3
from slam.config import SlamConfig
from slam.evaluation import absolute_error
from slam.kernels.contradiction import UNSAID, dissimilarity, in_free_space
from slam.mapping.dynamic_regions import DynamicRegionConfig, contradicted_by_depth, contradicted_by_images, regions
from slam.mapping.surfels import SurfelConfig
from slam.system import SlamSystem
from slam.tracking.pyramid import NO_DEPTH, build_pyramid, grey
from tests.helpers import references, scenes, walkers

RNG = np.random.default_rng(0)
AHEAD = np.array(scenes.walk(80, (0.02, -0.004, 0.014, 0.002, 0.006, -0.001))[:40])
TO_A_CORNER = se3.exp(np.array([0, 0, 0, 0, 0.7, 0])) @ AHEAD
NOBODY = np.array([-9.0, 0, 1])
CONFIG = DynamicRegionConfig()
IGNORED = DynamicRegionConfig(max_share=2.0)
"""Nothing ever counts as moving."""


def walker_m(i):
    return np.array([0.2 + 0.04 * i, 0.2, 1.4])


def test_dissimilarities_match_the_reference():
    camera = scenes.CAMERA.resized((30, 40))
    gray, others = 0.3 * RNG.random((30, 40), np.float32), 0.3 * RNG.random((4, 30, 40), np.float32)
    others[:2, :, :20], gray[:, :16] = gray[:, :20], 0.2
    inverse_depth = RNG.uniform(0.3, 0.6, (30, 40)).astype(np.float32)
    T = np.array([se3.exp(np.array([x, 0, 0.1, 0, 0.02, 0.01])) for x in (0.01, -0.4, 0.3, -3.0)])
    result = np.empty((30, 40), np.float32)
    dissimilarity(gray, inverse_depth, np.float32(0.002), np.array(camera.pinhole, np.float32), others,
                  T[:, :3].astype(np.float32), result)
    kinds = set()
    for u, v in [(3, 4), (8, 15), (14, 20), (18, 5), (20, 15), (25, 22), (36, 29), (33, 8)]:
        each = [references.window_dissimilarity(gray, inverse_depth, (u, v), 1.0, camera, other, T_other_key,
                                                min_variance=0.002) for other, T_other_key in zip(others, T)]
        seen = sorted(cost for cost in each if cost is not None)
        kinds.add((len(seen), bool(seen) and seen[0] < 0))
        expected = UNSAID if not seen or seen[0] < 0 else seen[1] if len(seen) >= 3 else seen[0]
        assert result[v, u] == pytest.approx(expected, abs=3e-3)
    assert len(kinds) > 2


def test_free_space_matches_what_is_known_of_a_box():
    """A camera that stands beside sees the same walls; measured nearer than they are, they stand in free space."""
    T_world_other = np.array([se3.exp(np.array([0.2, 0.05, 0.1, 0.02, 0.05, 0.0]))])
    true, other = (1 / scenes.cast(T)[0].astype(np.float32) for T in (np.eye(4), T_world_other[0]))
    T_other_cam = se3.inverse(T_world_other)
    for factor, expected in ((1.0, 0), (1.3, 1), (0.7, UNSAID)):
        verdict = np.empty((60, 80), np.float32)
        in_free_space(factor * true, other[None], scenes.CAMERA.pinhole, T_other_cam[:, :3].astype(np.float32),
                      np.float32(1.1), 2, verdict)
        seen = verdict[verdict != UNSAID]
        assert np.mean(verdict == expected) > 0.7 and np.all(seen == expected)
    assert not contradicted_by_depth(true, other[None], T_other_cam, scenes.CAMERA.pinhole, CONFIG).any()


def test_single_pixels_are_no_region_and_a_region_has_no_holes():
    speckles = RNG.random((60, 80)) < 0.2
    assert not regions(speckles, np.ones((60, 80), bool), (120, 160), CONFIG).any()
    block = np.zeros((60, 80), bool)
    block[20:40, 30:50] = True
    moves = regions(block & (RNG.random((60, 80)) < 0.8), np.ones((60, 80), bool), (120, 160), CONFIG)
    assert moves[46:74, 66:94].all() and moves.mean() < 1.3 * block.mean()


def seen_by(indices, center_m):
    frames = [walkers.frame(i, TO_A_CORNER[i], center_m(i)) for i in indices]
    pyramids = [build_pyramid(grey(f.rgb, scenes.CAMERA.size), NO_DEPTH, scenes.CAMERA, 2) for f, _ in frames]
    return frames, pyramids


def test_images_tell_a_walker_from_what_stands_before_a_wall():
    """Strong parallax, and edges that hide and uncover the wall, move nothing."""
    indices = [14, 4, 9, 19, 24]
    T_other_key = se3.inverse(TO_A_CORNER[indices[1:]]) @ TO_A_CORNER[indices[0]]
    shares = []
    for center_m in (walker_m, lambda i: walker_m(14)):
        frames, (key, *others) = seen_by(indices, center_m)
        inverse_depth = 1 / frames[0][0].depth.depth_m
        moves = contradicted_by_images(key, inverse_depth, others, T_other_key, CONFIG)
        is_slab = frames[0][1]
        shares.append((moves[is_slab].mean(), moves[~is_slab].mean()))
    assert shares[0][0] > 0.85 and shares[0][1] < 0.05
    assert max(shares[1]) < 0.02


class Walk(NamedTuple):
    error_m: float
    in_the_way: int
    """Surfels that stand in the room, away from all walls."""
    surfels: int


def walk(config, poses, center_m):
    slam = SlamSystem(scenes.CAMERA, config)
    for i, T in enumerate(poses):
        assert slam.process(walkers.frame(i, T, center_m(i))[0]).status == "tracked"
    slam.finish()
    _, T_world_cam = slam.trajectory()
    error_m, scale = absolute_error(T_world_cam[:, :3, 3], poses[:, :3, 3], with_scale=True)
    rows = slam.surfels.select(6.0)
    points = scale * slam.surfels.world_points(rows, slam.keyframes.T_world_key)[0] @ poses[0, :3, :3].T
    distance_m = np.abs(np.abs(points) - scenes.HALF_SIZE_M).min(-1)
    return Walk(error_m, np.count_nonzero(distance_m > 0.3), len(rows))


def configurations(depth):
    """-> that which looks for what moves, and one that ignores it"""
    config = SlamConfig.for_network() if depth == "predicted" else SlamConfig.for_sensor()
    config = replace(config, surfels=SurfelConfig(max_surfels=100_000))
    refinement = config.refinement and replace(config.refinement, dynamic_regions=IGNORED)
    return config, replace(config, dynamic_regions=IGNORED, refinement=refinement)


@pytest.mark.parametrize("depth, poses, center_m", [
    ("predicted", TO_A_CORNER, lambda i: np.array([2.4 - 0.08 * i, 0.3, 1.4])),
    ("measured", AHEAD, lambda i: np.array([-0.6 + 0.03 * i, 0.3, 1.4])),
], ids=["predicted", "measured"])
def test_a_walker_stays_out_of_the_map(depth, poses, center_m):
    seeing, ignoring = (walk(config, poses, center_m) for config in configurations(depth))
    assert ignoring.in_the_way > 1000 and seeing.in_the_way < 0.35 * ignoring.in_the_way
    assert seeing.surfels > 0.9 * (ignoring.surfels - ignoring.in_the_way)
    assert seeing.error_m < 1.1 * ignoring.error_m + 0.0002
