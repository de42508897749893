"""The floor in a map, in the frame of a camera above it.

A plane is the vector m with `m @ p == 1` for its points p in the camera's frame. Then `m @ p - 1` is the relative error
of a point's depth along its ray, which is how predicted depth errs, and the plane is 1 / |m| from the camera.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from slam.robust import robust_std

MAX_POINTS = 200_000
"""Points that are used at most, chosen at random."""
MIN_POINTS = 30
"""Points that a plane needs."""
MIN_TOLERANCE = 0.005
"""Lower limit on the relative distance of inliers, so that points are left where all lie exactly on a plane."""


@dataclass(frozen=True)
class FloorConfig:
    """Settings of find_floor."""

    max_tilt_rad: float = 0.61
    """Angle between the floor's normal and the camera's average vertical, at most: 35 degrees."""
    max_normal_tilt_rad: float = 0.87
    """Angle between a point's own normal, which is noisy, and the vertical, at most."""
    tolerance: float = 0.05
    """Distance from a plane, as a share of depth, up to which a point is an inlier."""
    close: float = 2.0
    """Distance, in standard deviations of the inliers, up to which points are fitted at the end: objects on a floor are
    rounded off into it."""
    min_area: float = 0.2
    """Area of a floor, at least, in squares of the camera's height: half a square metre for a hand-held camera."""
    min_share: float = 0.1
    """Area of a floor, at least, over that of the largest level plane: the lowest plane that is large enough is the
    floor, not the table top."""
    max_below: float = 0.05
    """Share of all points that may lie, wrongly, below a floor."""
    cell: float = 0.02
    """Size of the cubes that keep one point each, in the points' median distance, so that counts are areas."""
    max_points: int = 8000
    """Points that RANSAC uses at most."""
    trials: int = 500
    """Planes that RANSAC tries."""


class Floor(NamedTuple):
    """A floor, in the frame of the camera above it."""

    plane: np.ndarray
    """(3,) vector m, see this file's first lines."""
    log_std: float
    """Robust standard deviation of the log of its points' depth."""
    area: float
    """Area in squares of the height."""

    @property
    def height(self) -> float:
        """Height of the origin above the floor."""
        return float(1 / np.linalg.norm(self.plane))


def find_floor(points: np.ndarray, normals: np.ndarray, down: np.ndarray, config: FloorConfig) -> Floor | None:
    """The lowest level plane with enough points -> Floor, or None (RANSAC, Fischler and Bolles 1981; least squares)

    points, normals (N, 3) in the frame of a camera at the origin, in any unit of length; down (3,): unit vector,
    roughly downwards."""
    faces_up = normals @ -down > np.cos(config.max_normal_tilt_rad)
    everything, _ = _thinned(points, config)
    points, cell_area = _thinned(points[faces_up], config)
    rng = np.random.default_rng(0)
    floor, largest = None, 0.0
    while (found := _plane(points, down, cell_area, rng, config)) is not None:
        area = found.area * found.height**2
        if found.area < config.min_area or area < config.min_share * largest:
            break
        floor, largest = found, max(largest, area)
        points = points[_is_below(points, found.plane, config)]
    return floor if floor and _is_below(everything, floor.plane, config).mean() < config.max_below else None


def _is_below(points, plane, config):
    return points @ plane > 1 + 3 * config.tolerance


def _thinned(points, config):
    """-> some of the points (M, 3), spread evenly, and the area that each one represents"""
    if not len(points):
        return points, 0.0
    rng = np.random.default_rng(0)
    points = points[rng.permutation(len(points))[:MAX_POINTS]]
    cell = config.cell * np.median(np.linalg.norm(points, axis=1))
    _, first = np.unique(np.floor(points / cell).astype(np.int64), axis=0, return_index=True)
    kept = rng.permutation(first)[: config.max_points]
    return points[kept], cell**2 * len(first) / len(kept)


def _plane(points, down, cell_area, rng, config):
    """-> Floor with most inliers, or None"""
    if len(points) < 3:
        return None
    triples = points[rng.integers(0, len(points), (config.trials, 3))]
    triples = triples[np.abs(np.linalg.det(triples)) > 1e-9 * np.abs(triples).max() ** 3]
    planes = np.linalg.solve(triples, np.ones((len(triples), 3, 1)))[..., 0]
    planes = planes[planes @ down > np.cos(config.max_tilt_rad) * np.linalg.norm(planes, axis=1)]
    support = (np.abs(points @ planes.T - 1) < config.tolerance).sum(0)
    if support.max(initial=0) < MIN_POINTS:
        return None
    plane, log_std, area = planes[support.argmax()], config.tolerance, support.max() * cell_area
    for _ in range(8):
        tolerance = min(config.tolerance, config.close * log_std)
        near = points[np.abs(points @ plane - 1) < max(tolerance, MIN_TOLERANCE)]
        plane = np.linalg.lstsq(near, np.ones(len(near)), rcond=None)[0]
        log_std = robust_std(np.log(near @ plane))
    if plane @ down < np.cos(config.max_tilt_rad) * np.linalg.norm(plane):
        return None
    return Floor(plane, log_std, float(area * (plane @ plane)))
