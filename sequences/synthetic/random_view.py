"""One random picture of a room with its depth, as depth networks train on."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from calib.geometry.camera import Camera
from sequences.synthetic.renderer import Renderer
from sequences.synthetic.rendering.sensor import developed
from sequences.synthetic.room import Room

CLEARANCE_M = 0.35
FIELDS_OF_VIEW_DEG = 45.0, 90.0
TRIES = 30
CLOSE_M = 0.35, 1.3
"""Nearest and farthest distance of what a close-up looks at."""
SURFACE_HEIGHT_M = 0.35, 1.3
"""Lowest and highest places a close-up looks at: table tops, seats, shelves, what stands on them."""


@dataclass(frozen=True)
class RandomView:
    """A picture of a room with its depth and where it was taken."""

    rgb: np.ndarray
    """(H, W, 3) uint8."""
    depth_m: np.ndarray
    """(H, W) float32, z, everywhere valid."""
    camera: Camera
    T_room_cam: np.ndarray


def random_view(room: Room, seed: int, size: tuple[int, int] = (240, 320),
                fields_of_view_deg: tuple[float, float] = FIELDS_OF_VIEW_DEG, samples: int = 3,
                close: bool = False) -> RandomView:
    """A RandomView of a Room from a place, direction, field of view and exposure that follow from `seed`.

    Of `size` (height, width) pixels. Places are clear of surfaces; one thing right in front is passed over, unless a
    `close` view is wanted: of things on furniture at CLOSE_M, as at a desk.
    """
    rng = np.random.default_rng([seed, 5])
    height, width = size
    for _ in range(TRIES):
        focal = width / 2 / np.tan(np.radians(rng.uniform(*fields_of_view_deg)) / 2)
        camera = Camera(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
        T_room_cam = _close_to_something(room, rng) if close else _somewhere(room, rng)
        radiance, depth_m = Renderer(room, camera, samples).render(T_room_cam)
        if depth_m.min() > (0.15 if close else 0.3) and (np.median(depth_m) > 1.0) != close:
            break
    exposed = np.multiply(radiance, 2 ** rng.uniform(-0.7, 0.5), dtype=np.float32)
    return RandomView(developed(exposed), depth_m, camera, T_room_cam)


def _somewhere(room, rng):
    """(4, 4) camera at a free place, upright but for a few degrees."""
    length, width, height = room.size_m
    for _ in range(TRIES):
        place = rng.uniform((0.3, 0.3, 0.7), (length - 0.3, width - 0.3, min(2.0, height - 0.4)))
        if room.surface_points.query(place)[0] > CLEARANCE_M:
            break
    return _facing(place, rng.uniform(0, 2 * np.pi), rng.normal(-12, 12), rng.normal(0, 3))


def _close_to_something(room, rng):
    """(4, 4) camera that looks at a point on furniture, from above or level with it."""
    points = room.surface_points.data
    inside = np.all((points[:, :2] > 0.25) & (points[:, :2] < np.subtract(room.size_m[:2], 0.25)), axis=1)
    on_furniture = points[inside & (points[:, 2] > SURFACE_HEIGHT_M[0]) & (points[:, 2] < SURFACE_HEIGHT_M[1])]
    if not len(on_furniture):
        return _somewhere(room, rng)
    for _ in range(TRIES):
        turn_rad, pitch_deg = rng.uniform(0, 2 * np.pi), rng.uniform(-75, 5)
        T = _facing(on_furniture[rng.integers(len(on_furniture))], turn_rad, pitch_deg, rng.normal(0, 6))
        T[:3, 3] -= rng.uniform(*CLOSE_M) * T[:3, 2]
        is_inside = np.all(T[:3, 3] > 0.1) and np.all(T[:3, 3] < np.subtract(room.size_m, 0.1))
        if is_inside and room.surface_points.query(T[:3, 3])[0] > CLOSE_M[0] / 2:
            break
    return T


def _facing(place, turn_rad, pitch_deg, roll_deg):
    """(4, 4) T_room_cam at a place; pitch 0 looks level, below 0 down."""
    looking_level = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    T = np.eye(4)
    T[:3, :3] = (Rotation.from_euler("z", turn_rad).as_matrix() @ looking_level
                 @ Rotation.from_euler("xz", (pitch_deg, roll_deg), degrees=True).as_matrix())
    T[:3, 3] = place
    return T
