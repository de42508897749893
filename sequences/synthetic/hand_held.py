"""A hand-held walk through a room: a closed trajectory clear of all surfaces, looking around, with tremor and steps."""

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from sequences.synthetic.rendering.bvh import cast
from sequences.synthetic.room import Room

EYE_M = 1.45
HEIGHTS_M = (1.25, 1.45, 1.65)
GRID_M = 0.1
CLEARANCE_M = 0.57
"""From the camera to the nearest point at which light is baked; keeps half a metre from the surfaces between them."""
SPEED_M_S = 0.48
MIN_LOOP_S = 5.0
TURN_DEG_S = 18.5
"""Mean rate of turning right round, where there is time for it."""
SWEEP_DEG_S = 11.0
"""Fastest looking to and fro on top of that."""
SIZES = 1.0, 0.85, 0.7, 0.5, 0.3
CANDIDATE_COUNT = 16
"""Walks tried at each size, from large ones to small ones until one keeps its distance."""


def hand_held_walk(room: Room, frame_count: int, rate_hz: float, seed: int, loop: bool = True) -> np.ndarray:
    """(N, 4, 4) T_room_cam at frames k / rate_hz; with `loop` the walk ends where it starts.

    Of several random walks that keep their distance the one is taken that sees most. Walks shorter than MIN_LOOP_S
    are the beginning of a loop.
    """
    time_s = np.arange(frame_count) / rate_hz
    duration_s = max(frame_count / rate_hz * (1.0 if loop else 1.6), MIN_LOOP_S)
    centre, reach_m = _free_space(room)
    rng = np.random.default_rng([seed, 2])
    for size in SIZES:
        walks = [_walk(rng, time_s, duration_s, centre, size * reach_m) for _ in range(CANDIDATE_COUNT)]
        clear = [walk for walk in walks if room.surface_points.query(walk[:, :3, 3])[0].min() > CLEARANCE_M]
        if clear:
            return max(clear, key=lambda walk: _score(room, walk[:: max(1, frame_count // 40)]))
    return max(walks, key=lambda walk: room.surface_points.query(walk[:, :3, 3])[0].min())


def _free_space(room):
    """A place (2,) with much space around it and how far one can walk from there in 72 directions (72,)."""
    length, width, _ = room.size_m
    x, y = np.arange(0, length, GRID_M), np.arange(0, width, GRID_M)
    points = np.stack(np.meshgrid(x, y, HEIGHTS_M, indexing="ij"), -1)
    free_m = room.surface_points.query(points.reshape(-1, 3))[0].reshape(points.shape[:3]).min(-1)
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    steps = np.arange(0, 3.5, 0.05)[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    best, best_reach = None, np.full(72, -1.0)
    for k in np.argsort(-free_m, axis=None)[:200:8]:
        centre = points[..., 0, :2].reshape(-1, 2)[k]
        around = map_coordinates(free_m, np.moveaxis(centre + steps, -1, 0) / GRID_M, order=1, cval=0.0)
        reach = np.logical_and.accumulate(around > CLEARANCE_M + 0.03, axis=0).sum(0) * 0.05
        if reach.sum() > best_reach.sum():
            best, best_reach = centre, reach
    # the mean over a window of minima over that window is nowhere larger than the reach itself
    smallest = np.min([np.roll(best_reach, shift) for shift in range(-4, 5)], axis=0)
    smooth = sum(weight * np.roll(smallest, shift) for shift, weight in zip(range(-4, 5), np.hanning(11)[1:-1] / 5))
    return best, np.maximum(smooth, 0.05)


def _walk(rng, time_s, duration_s, centre, reach_m):
    """One random walk around `centre`, never farther from it than `reach_m` (72,) in each direction."""
    phase = time_s / duration_s
    T = np.zeros((len(phase), 4, 4))
    tremor_m, tremor_rad = (tremor(rng, phase, duration_s, deviation) for deviation in (0.0025, np.radians(0.25)))
    T[:, :3, 3] = _places(rng, duration_s, centre, reach_m)(phase) + tremor_m + steps(phase, duration_s)
    T[:, :3, :3] = looking(*_gaze(rng, phase, duration_s)) @ Rotation.from_rotvec(tremor_rad).as_matrix()
    T[:, 3, 3] = 1
    return T


def _places(rng, duration_s, centre, reach_m):
    """Places (3,) on a closed curve as a function of phase 0..1, as long as the walk takes; radius and height vary."""
    reach = CubicSpline(np.linspace(0, 2 * np.pi, 73), np.append(reach_m, reach_m[0]), bc_type="periodic")
    one_round = 0.8 * 2 * np.pi * max(np.mean(reach_m), 0.2)
    rounds = max(1, round(SPEED_M_S * duration_s / one_round))
    phase = np.linspace(0, 1, 200 * rounds + 1)
    angle = rng.choice([-1, 1]) * 2 * np.pi * rounds * phase + rng.uniform(0, 2 * np.pi)
    radius = (0.8 + 0.2 * _Wave(rng, duration_s)(phase)) * reach(angle % (2 * np.pi))
    xy = centre + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    # a walk too short for a round goes round a smaller one through the same start
    shrink = min(1.0, SPEED_M_S * duration_s / np.linalg.norm(np.diff(xy, axis=0), axis=1).sum())
    curve = np.column_stack([xy[0] + shrink * (xy - xy[0]), EYE_M + 0.16 * _Wave(rng, duration_s)(phase)])
    curve[-1] = curve[0]
    pace = 1 + 0.25 * _Wave(rng, duration_s)(phase)
    took = np.linalg.norm(np.diff(curve, axis=0), axis=1) / (pace[1:] + pace[:-1])
    when = np.concatenate([[0], np.cumsum(took)]) / took.sum()
    return CubicSpline(when, curve, bc_type="periodic")


def _gaze(rng, phase, duration_s):
    """Yaw and pitch (N,) in radians: whole turns where there is time, looking to and fro, mostly a little down."""
    turns = rng.choice([-1, 1]) * np.floor(TURN_DEG_S * duration_s / 360)
    sweep = _Wave(rng, duration_s)
    fastest = np.radians(SWEEP_DEG_S if turns else 2 * SWEEP_DEG_S)
    reach = min(np.radians(65), fastest * duration_s / sweep.fastest)
    yaw = rng.uniform(0, 2 * np.pi) + 2 * np.pi * turns * phase + reach * sweep(phase)
    return yaw, np.radians(-11 + 8 * _Wave(rng, duration_s)(phase))


def looking(yaw, pitch):
    """(N,) yaw about the vertical, pitch above the horizon -> (N, 3, 3) camera axes: columns right, down, forward."""
    forward = np.stack([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), np.sin(pitch)], -1)
    right = np.stack([np.sin(yaw), -np.cos(yaw), np.zeros_like(yaw)], -1)
    return np.stack([right, np.cross(forward, right), forward], -1)


class _Wave:
    """A smooth random function of phase with period 1 and values in [-1, 1], no faster than a few seconds a wave."""

    def __init__(self, rng, duration_s):
        self.cycles = rng.integers(1, max(2, int(duration_s / 6)) + 1, 3)
        self.offsets = rng.uniform(0, 2 * np.pi, 3)
        self.weights = rng.uniform(0.3, 1.0, 3)
        self.weights /= self.weights.sum()

    def __call__(self, phase):
        return np.sin(2 * np.pi * np.multiply.outer(phase, self.cycles) + self.offsets) @ self.weights

    @property
    def fastest(self):
        """Greatest rate of change with respect to phase."""
        phase = np.linspace(0, 1, 40 * self.cycles.max())
        slopes = np.cos(2 * np.pi * np.multiply.outer(phase, self.cycles) + self.offsets)
        return np.abs(slopes @ (2 * np.pi * self.cycles * self.weights)).max()


def tremor(rng, phase, duration_s, deviation):
    """(N, 3) noise between 0.6 and 5 Hz, weaker towards higher frequencies, of the given standard deviation."""
    cycles = np.maximum(1, np.round(duration_s * np.geomspace(0.6, 5.0, 10)))
    weights = rng.normal(size=(10, 3)) / cycles[:, None]
    weights *= deviation * np.sqrt(2 / (weights**2).sum(0))
    return np.sin(2 * np.pi * np.multiply.outer(phase, cycles) + rng.uniform(0, 2 * np.pi, 10)) @ weights


def steps(phase, duration_s):
    """(N, 3) bobbing in metres of somebody who takes 1.7 steps a second."""
    count = max(1, round(1.7 * duration_s))
    up = 0.006 * np.sin(2 * np.pi * count * phase)
    return np.stack([np.zeros_like(up), np.zeros_like(up), up], -1)


def _score(room, T_room_cam):
    """How much a walk sees: many different patches, in general and at the poorest, and from some distance."""
    v, u = np.mgrid[-0.45:0.45:10j, -0.6:0.6:14j]
    rays = np.stack([u, v, np.ones_like(u)], -1).reshape(-1, 3)
    directions = (rays @ T_room_cam[:, :3, :3].swapaxes(1, 2)).reshape(-1, 3)
    depth_m, triangle = cast(room.bvh, np.repeat(T_room_cam[:, :3, 3], len(rays), 0), directions)
    patch = room.look.patch_of_triangle[triangle].reshape(len(T_room_cam), -1)
    seen = np.array([len(np.unique(row)) for row in patch])
    middle_m = np.median(depth_m.reshape(patch.shape), axis=1)
    return (np.log(seen).mean() + np.log(np.quantile(seen, 0.1)) + np.minimum(middle_m, 3.0).mean()
            + np.minimum(np.quantile(middle_m, 0.1), 1.5))
