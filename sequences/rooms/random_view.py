"""One random picture of a room with its depth, as depth networks train on."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from calib.camera import Camera
from sequences.rooms.renderer import Renderer
from sequences.rooms.sensor import developed

CLEARANCE_M = 0.35
FIELDS_OF_VIEW_DEG = 45.0, 90.0
TRIES = 30


@dataclass(frozen=True)
class View:
    """A picture and where it was taken."""

    rgb: np.ndarray
    """(H, W, 3) uint8."""
    depth_m: np.ndarray
    """(H, W) float32, z, everywhere valid."""
    camera: Camera
    T_room_cam: np.ndarray


def random_view(room, seed, size=(240, 320), fields_of_view_deg=FIELDS_OF_VIEW_DEG, samples=3):
    """A View of a Room from a place, direction, field of view and exposure that follow from `seed`.

    Of `size` (height, width) pixels. Places are clear of surfaces; one thing right in front is passed over.
    """
    rng = np.random.default_rng([seed, 5])
    height, width = size
    for _ in range(TRIES):
        focal = width / 2 / np.tan(np.radians(rng.uniform(*fields_of_view_deg)) / 2)
        camera = Camera(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
        T_room_cam = _somewhere(room, rng)
        radiance, depth_m = Renderer(room, camera, samples).render(T_room_cam)
        if np.median(depth_m) > 1.0 and depth_m.min() > 0.3:
            break
    return View(developed(radiance * np.float32(2 ** rng.uniform(-0.7, 0.5))), depth_m, camera, T_room_cam)


def _somewhere(room, rng):
    """(4, 4) camera at a free place, upright but for a few degrees."""
    length, width, height = room.size_m
    for _ in range(TRIES):
        place = rng.uniform((0.3, 0.3, 0.7), (length - 0.3, width - 0.3, min(2.0, height - 0.4)))
        if room.surface_points.query(place)[0] > CLEARANCE_M:
            break
    looking_level = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    turn = Rotation.from_euler("z", rng.uniform(0, 360), degrees=True)
    tilt = Rotation.from_euler("xz", (rng.normal(-12, 12), rng.normal(0, 3)), degrees=True)
    T = np.eye(4)
    T[:3, :3] = turn.as_matrix() @ looking_level @ tilt.as_matrix()
    T[:3, 3] = place
    return T
