"""slam.mapping.pass_merger: two layers become one, other surfaces stay, closer views replace coarser ones."""

import numpy as np
import pytest

from calib.geometry.camera import Camera
from slam.kernels.surfel_arrays import CHUNK
from slam.mapping.fusion import FusionConfig
from slam.mapping.pass_merger import PassMerger, merge_passes
from tests.helpers.surfel_shapes import rectangle, surfels_at

CAMERA = Camera(160, 120, 140.0, 140.0, 79.5, 59.5)
TWO_KEYS = np.stack([np.eye(4), np.eye(4)])
IS_NEWER, BOTH = np.array([False, True]), np.array([True, True])


def layers(*, offset_m=0.01, radius=(0.015, 0.015), confidence=(20.0, 10.0), normal_z=(-1, -1)):
    """A wall two metres ahead in keyframe 0, and one behind it by offset_m in keyframe 1 -> Surfels"""
    points, _ = rectangle((-0.5, -0.4, 2), (0, 0.8, 0), (1.0, 0, 0), 0.02)
    points = points[: len(points) // CHUNK * CHUNK]
    both = np.concatenate([points, points + [0, 0, offset_m]])
    counts = [len(points)] * 2
    surfels = surfels_at(both, np.repeat([[0, 0, z] for z in normal_z], counts, 0),
                         radius=np.repeat(radius, counts), confidence=np.repeat(confidence, counts))
    surfels.add_keyframe()
    surfels.chunks.keyframe[len(points) // CHUNK: 2 * len(points) // CHUNK] = 1
    return surfels, len(points)


def merged(surfels):
    return merge_passes(surfels, CAMERA, np.eye(4), TWO_KEYS, IS_NEWER, BOTH, FusionConfig())


def test_two_layers_become_one_between_them():
    surfels, count = layers()
    went = merged(surfels)
    assert 0.85 * count < went == 2 * count - len(surfels)  # a pixel apart, some meet no other in their pixel
    rows = np.setdiff1d(np.arange(count), np.flatnonzero(surfels.arrays.confidence == 20))
    z = surfels.arrays.position[2, rows]
    assert z.min() > 2 and z.max() < 2.01 and z.mean() == pytest.approx(2 + 0.01 / 3, abs=5e-4)
    assert surfels.arrays.confidence[surfels.select(0)].sum() == pytest.approx(30 * count)


@pytest.mark.parametrize("change", [{"offset_m": 0.2}, {"offset_m": -0.2}, {"normal_z": (-1, 1)}])
def test_other_surfaces_stay(change):
    surfels, count = layers(**change)
    before = surfels.arrays.position.copy()
    assert merged(surfels) == 0 and len(surfels) == 2 * count
    assert np.array_equal(surfels.arrays.position, before)


def test_size_and_colour_are_those_of_the_closer_view():
    surfels, count = layers(radius=(0.01, 0.004))
    surfels.arrays.colour[count: 2 * count] = 250
    merged(surfels)
    rows = np.setdiff1d(surfels.select(0), np.flatnonzero(surfels.arrays.confidence == 20))
    assert np.allclose(surfels.arrays.radius[rows], 0.004) and np.allclose(surfels.arrays.colour[rows], 250)


def test_what_stands_in_another_submap_is_left_alone():
    surfels, count = layers()
    assert merge_passes(surfels, CAMERA, np.eye(4), TWO_KEYS, IS_NEWER, np.array([False, True]), FusionConfig()) == 0
    assert len(surfels) == 2 * count


def test_the_newer_pass_is_looked_through_once():
    merger = PassMerger(CAMERA, FusionConfig(), min_gap=3)
    keyframes, loop = [None] * 20, type("Loop", (), {"old": 4, "new": 19})
    merger.add(keyframes, loop)
    merger.add(keyframes, loop)
    assert list(merger.waiting) == list(range(7, 20))
