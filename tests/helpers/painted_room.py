"""The box room of tests.helpers.scenes as a mesh, and photos of it from inside."""

import numpy as np
import trimesh

from calib.geometry import se3
from slam.texturing.surface import Photo, Surface
from tests.helpers import scenes

TURNS_RAD = np.linspace(-0.6, 0.6, 7)


def room(divisions=4):
    """The walls, facing inward, grey."""
    box = trimesh.creation.box(2 * scenes.HALF_SIZE_M)
    for _ in range(divisions):
        box = box.subdivide()
    return Surface(np.asarray(box.vertices), np.ascontiguousarray(box.faces[:, ::-1], np.int32),
                   np.full((len(box.vertices), 3), 128, np.float32))


def pose(turn_rad, right_m=0.0):
    """A camera near the middle, turned about the vertical."""
    T_world_cam = se3.exp(np.array([0, 0, 0, 0, turn_rad, 0]))
    T_world_cam[0, 3] = right_m
    return T_world_cam


def photo(T_world_cam, change=lambda rgb: rgb, **light):
    """What a camera sees, perhaps changed."""
    rgb = change(scenes.picture(T_world_cam, **light)[0])
    return Photo(lambda: rgb, T_world_cam, scenes.CAMERA)


def photos(**light):
    """Overlapping views of half of the room."""
    return [photo(pose(turn, 0.3 * turn), **light) for turn in TURNS_RAD]


def result_of(steps):
    """What a generator returns."""
    try:
        while True:
            next(steps)
    except StopIteration as end:
        return end.value
