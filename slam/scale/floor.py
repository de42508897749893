"""The floor in a map, as a camera above it sees it.

A plane is kept as the vector m with `m @ p == 1` for its points p, seen from the camera: then `m @ p - 1` is the
relative error of a point's depth along its ray, which is how predicted depth errs, and the plane lies 1 / |m| below.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from slam.robust import robust_std

MAX_POINTS = 200_000
"""Of many points, so many at random."""
MIN_POINTS = 30
MIN_TOLERANCE = 0.005
"""So that points are left where all lie exactly on a plane."""


@dataclass(frozen=True)
class FloorConfig:
    max_tilt_rad: float = 0.61
    """Between what the camera calls down on average and the floor's normal: 35 degrees."""
    max_normal_tilt_rad: float = 0.87
    """Of a point's own normal, which is noisy."""
    tolerance: float = 0.05
    """Points that fit a plane lie on it within this share of their depth; ..."""
    close: float = 2.0
    """... it goes through the middle of those within so many of their own standard deviations, since what stands on a
    floor is rounded off into it."""
    min_area: float = 0.2
    """Of a floor, in squares of the camera's height above it: half a square metre for a hand-held camera."""
    min_share: float = 0.1
    """Of the area of the largest level plane: the lowest one that is large enough is the floor, not the table top."""
    max_below: float = 0.05
    """Share of all points that may be seen, wrongly, below a floor."""
    cell: float = 0.02
    """One point is kept in each cube of this size, in the points' median distance, so that counts are areas."""
    max_points: int = 8000
    """Points that planes are fitted to, evenly chosen among more."""
    trials: int = 500
    """Planes through three random points that are tried (RANSAC)."""


class Floor(NamedTuple):
    plane: np.ndarray
    """(3,) m, see above."""
    log_std: float
    """Robust standard deviation of the log of its points' depth."""
    area: float
    """In squares of the height."""

    @property
    def height(self) -> float:
        """Of the origin above it."""
        return float(1 / np.linalg.norm(self.plane))


def find_floor(points: np.ndarray, normals: np.ndarray, down: np.ndarray, config: FloorConfig) -> Floor | None:
    """The lowest level plane that enough points lie on (RANSAC, Fischler and Bolles 1981, then least squares).

    points (N, 3) and their normals (N, 3), seen from a camera at the origin to which `down` (3,) is roughly down; any
    unit of length. -> Floor, or None where no floor was seen."""
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
    """-> some of the points (M, 3), spread evenly, and the area that each one stands for"""
    if not len(points):
        return points, 0.0
    rng = np.random.default_rng(0)
    points = points[rng.permutation(len(points))[:MAX_POINTS]]
    cell = config.cell * np.median(np.linalg.norm(points, axis=1))
    _, first = np.unique(np.floor(points / cell).astype(np.int64), axis=0, return_index=True)
    kept = rng.permutation(first)[: config.max_points]
    return points[kept], cell**2 * len(first) / len(kept)


def _plane(points, down, cell_area, rng, config):
    """-> Floor that most of the points lie on, or None"""
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
