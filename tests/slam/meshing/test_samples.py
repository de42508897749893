"""slam.meshing.samples: layers become one surface, the two sides of a wall stay two, edges stay where they are."""

import numpy as np
import pytest

from slam.meshing.samples import Samples, on_one_surface, thinned

CELL_M = 0.02


def sheet(z_m, normal=(0, 0, -1), count=20_000, confidence=10.0, colour=100.0):
    """A square metre at z_m (one number or (count,))."""
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.uniform(0, 1, (count, 2)), np.broadcast_to(z_m, count)])
    normals = np.tile(np.array(normal, float), (count, 1))
    return Samples(points, normals, np.full((count, 3), colour), np.full(count, 0.01), np.full(count, confidence))


def together(*parts):
    return Samples(*(np.concatenate(columns) for columns in zip(*parts)))


def inner(samples):
    return samples.chosen((np.abs(samples.points[:, :2] - 0.5) < 0.35).all(1))


def test_layers_become_one_surface():
    rng = np.random.default_rng(1)
    layers = sheet(rng.choice([0.97, 1.0, 1.03], 20_000) + 0.005 * rng.normal(size=20_000))
    surface = inner(on_one_surface(layers, CELL_M))
    assert np.std(inner(layers).points[:, 2]) > 0.02 and np.std(surface.points[:, 2]) < 0.005
    assert np.mean(surface.points[:, 2]) == pytest.approx(1.0, abs=0.003)
    assert surface.normals[:, 2].max() < -0.98


def test_sure_surfels_count_more():
    surface = inner(on_one_surface(together(sheet(1.0, confidence=90), sheet(1.05, confidence=10)), CELL_M))
    assert np.mean(surface.points[:, 2]) == pytest.approx(1.005, abs=0.003)


def test_both_sides_of_a_thin_wall_stay():
    surface = inner(on_one_surface(together(sheet(1.0), sheet(1.02, normal=(0, 0, 1))), CELL_M))
    front = surface.normals[:, 2] < 0
    np.testing.assert_allclose(surface.points[front, 2], 1.0, atol=1e-6)
    np.testing.assert_allclose(surface.points[~front, 2], 1.02, atol=1e-6)


def test_a_corner_stays_a_corner():
    wall = sheet(1.0)
    floor = wall._replace(points=wall.points[:, [0, 2, 1]], normals=wall.normals[:, [0, 2, 1]])
    surface = on_one_surface(together(wall, floor), CELL_M)
    distance = np.minimum(np.abs(surface.points[:, 2] - 1), np.abs(surface.points[:, 1] - 1))
    assert np.percentile(distance, 95) < 0.01


def test_thinning_averages_by_confidence():
    samples = together(sheet(1.001, count=1, confidence=3, colour=40), sheet(1.005, count=1, confidence=1, colour=80))
    one = thinned(samples, 0.02)
    assert one.points[0, 2] == pytest.approx(1.002) and one.confidence == pytest.approx([4])
    np.testing.assert_allclose(one.colours, 50)
    assert len(thinned(sheet(1.0), CELL_M).points) == pytest.approx(2500, rel=0.01)
