"""slam.scale.floor: points whose floor is known in closed form, and what only looks like one."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from slam.scale.floor import FloorConfig, find_floor

DOWN, UP = np.array([0, 1.0, 0]), np.array([0, -1.0, 0])
RNG = np.random.default_rng(1)


def level(height, x, z, count=4000):
    """Points of a level rectangle below the camera, and their normals."""
    points = np.column_stack([RNG.uniform(*x, count), np.full(count, height), RNG.uniform(*z, count)])
    return points, np.tile(UP, (count, 1))


def wall(z, count=8000):
    points = np.column_stack([RNG.uniform(-2, 2, count), RNG.uniform(-1, 1.5, count), np.full(count, z)])
    return points, np.tile([0, 0, -1.0], (count, 1))


def together(*parts):
    return tuple(np.concatenate(group) for group in zip(*parts))


def with_depth_errors(points, normals, share):
    return points * np.exp(RNG.normal(0, share, (len(points), 1))), normals + RNG.normal(0, 0.2, normals.shape)


FLOOR, TABLE = level(1.5, (-2, 2), (1, 4)), level(0.7, (-1, 1), (1, 2), 9000)


@pytest.mark.parametrize("size", [0.01, 1.0, 300.0])
@pytest.mark.parametrize("tilt_deg", [(0, 0, 0), (30, 5, 0), (-10, 70, 12)])
def test_the_floor_is_found_in_any_unit_and_tilt(size, tilt_deg):
    R = Rotation.from_euler("xyz", tilt_deg, degrees=True).as_matrix()
    points, normals = together(FLOOR, wall(4.0))
    floor = find_floor(size * points @ R.T, normals @ R.T, R @ Rotation.from_euler("x", 20, degrees=True).apply(DOWN),
                       FloorConfig())
    assert floor.height == pytest.approx(1.5 * size, rel=1e-6) and floor.log_std < 1e-6
    assert floor.plane * floor.height == pytest.approx(R @ DOWN, abs=1e-6)
    assert 8 < floor.area * 1.5**2 < 13, "12 square metres, with gaps between points"


def test_the_floor_and_not_a_larger_table():
    assert find_floor(*together(FLOOR, TABLE, wall(4.0)), DOWN, FloorConfig()).height == pytest.approx(1.5, abs=1e-3)


def test_depth_errs_and_the_floor_says_by_how_much():
    points, normals = with_depth_errors(*together(FLOOR, TABLE, wall(4.0)), 0.03)
    floor = find_floor(points, normals, DOWN, FloorConfig())
    assert floor.height == pytest.approx(1.5, rel=0.01) and 0.015 < floor.log_std < 0.035


def test_what_is_rounded_off_into_the_floor_does_not_lift_it():
    foot = level(1.5, (-2, 2), (1, 4), 2500)
    foot[0][:, 1] -= RNG.uniform(0.01, 0.12, 2500)
    floor = find_floor(*with_depth_errors(*together(FLOOR, foot), 0.01), DOWN, FloorConfig())
    assert floor.height == pytest.approx(1.5, rel=0.008)


@pytest.mark.parametrize("parts, why", [
    ([], "nothing"), ([wall(3.0)], "no level plane"), ([level(-1.0, (-2, 2), (1, 4))], "above the camera"),
    ([level(1.5, (0, 0.3), (2, 2.3)), wall(3.0)], "too small"),
    ([level(0.1, (-0.3, 0.3), (0.5, 1)), wall(3.0)], "much lies below it")], ids=lambda value: str(value)[:12])
def test_no_floor_was_seen(parts, why):
    points, normals = together(*parts) if parts else (np.zeros((0, 3)), np.zeros((0, 3)))
    assert find_floor(points, normals, DOWN, FloorConfig()) is None, why


def test_a_ceiling_is_no_floor_for_a_camera_that_hangs_upside_down():
    points, normals = level(1.5, (-2, 2), (1, 4))
    assert find_floor(points, -normals, DOWN, FloorConfig()) is None
