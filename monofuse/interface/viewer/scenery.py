"""A result's parts in a scene: mesh, surfels, trajectory, keyframes. The scene has y up; "/world" stands in it as the
axes of the trajectory do."""

from typing import Any

import numpy as np

from calib.files.image_file import decode_rgb
from calib.geometry.camera import Camera
from monofuse.interface.viewer.pacing import step_for
from monofuse.interface.viewer.result import Result
from monofuse.interface.viewer.shapes import add_lines, position_and_wxyz, trajectory_segments, wxyz_of
from monofuse.interface.viewer.surfaces import Points, Shape

MAX_POINTS = 500_000
DEFAULT_FOV_RAD, DEFAULT_ASPECT = 0.84, 4 / 3
"""Vertical field of view and width over height of a camera that no report tells."""
CAMERA_COLOUR, KEYFRAME_COLOUR = (60, 200, 90), (120, 140, 190)
CAMERA_SHARE, MIN_CAMERA_M, MAX_CAMERA_M = 0.03, 0.03, 0.3
"""Size of a camera, as a share of the scene's extent, and its limits."""


def add_world(scene: Any, result: Result) -> None:
    """The axes in which the rest is."""
    scene.set_up_direction("+y")
    scene.add_frame("/world", show_axes=False, wxyz=wxyz_of(result.R_upright_world))


def add_mesh(scene: Any, shape: Shape) -> Any:
    """-> handle of the mesh, which takes the place of an older one"""
    return scene.add_glb("/mesh", shape.glb)


def add_points(scene: Any, points: Points, visible: bool = True) -> Any:
    """-> handle of the surfels, of very many only some"""
    step = step_for(len(points.positions), MAX_POINTS)
    return scene.add_point_cloud("/world/surfels", points.positions[::step], points.colours[::step], visible=visible,
                                 point_size=2 * points.radius_m * step**0.5, precision="float32", point_shading="flat")


def add_trajectory(scene: Any, result: Result) -> None:
    """A line from blue to orange."""
    add_lines(scene, "/world/trajectory", *trajectory_segments(result.T_world_cam[:, :3, 3]), thickness_px=3.0)


def add_camera(scene: Any, name: str, result: Result, T_world_cam: np.ndarray, rgb: np.ndarray | None, colour: Any,
               size: float = 1.0) -> Any:
    """-> handle of a camera at T_world_cam (4, 4) with what it saw, `size` times as large as others"""
    fov, aspect = lens_of(result, rgb)
    position, wxyz = position_and_wxyz(T_world_cam)
    return scene.add_camera_frustum(name, fov=fov, aspect=aspect, scale=size * camera_size_m(result), color=colour,
                                    image=rgb, format="jpeg", jpeg_quality=75, position=position, wxyz=wxyz,
                                    thickness=1.5, thickness_units="screen")


def add_keyframes(scene: Any, result: Result, max_count: int) -> list[Any]:
    """-> handles of the keyframes with their pictures, of more than `max_count` only some"""
    rows = rows_at(result, np.array([picture.time_s for picture in result.pictures]))
    step = step_for(len(rows), max_count)
    return [add_camera(scene, f"/world/keyframes/{number}", result, result.T_world_cam[rows[number]],
                       rgb_of(result, number), KEYFRAME_COLOUR) for number in range(0, len(rows), step)]


def rgb_of(result: Result, number: int) -> np.ndarray:
    """(h, w, 3) picture of a keyframe."""
    return decode_rgb(result.pictures[number].jpeg, f"picture of keyframe {number}")


def rows_at(result: Result, times_s: np.ndarray) -> np.ndarray:
    """Rows of the trajectory that are nearest to these times (N,); none without a trajectory."""
    if not len(result.times_s):
        return np.zeros(0, int)
    after = np.searchsorted(result.times_s, times_s).clip(1, max(len(result.times_s) - 1, 1))
    after = after.clip(max=len(result.times_s) - 1)
    before = np.maximum(after - 1, 0)
    is_before = np.abs(result.times_s[before] - times_s) <= np.abs(result.times_s[after] - times_s)
    return np.where(is_before, before, after)


def lens_of(result: Result, rgb: np.ndarray | None) -> tuple[float, float]:
    """Vertical field of view in radians, and width over height."""
    known = result.report.get("camera")
    if isinstance(known, dict) and {"width", "height", "fx", "fy"} <= set(known):
        camera = Camera(known["width"], known["height"], known["fx"], known["fy"], 0.0, 0.0)
        return float(2 * np.arctan(camera.height / 2 / camera.fy)), camera.width / camera.height
    return DEFAULT_FOV_RAD, DEFAULT_ASPECT if rgb is None else rgb.shape[1] / rgb.shape[0]


def camera_size_m(result: Result) -> float:
    """How large a camera is drawn."""
    low, high = result.bounds
    return float(np.clip(CAMERA_SHARE * np.linalg.norm(high - low), MIN_CAMERA_M, MAX_CAMERA_M))


def first_eye(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Where to look from and at, upright: into the middle, from above and behind the cameras."""
    low, high = result.bounds
    middle, extent_m = (low + high) / 2, max(float(np.linalg.norm(high - low)), 0.5)
    return middle + extent_m * np.array([0.12, 0.42, 0.6]), middle
