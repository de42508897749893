"""Poses, cameras and lines as viser takes them."""

from typing import Any

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera

MAX_TRAJECTORY_POINTS = 2000
START_COLOUR, END_COLOUR = np.array([80, 200, 255.0]), np.array([255, 120, 60.0])
"""Of a trajectory, as in overview.png."""


def place(handle: Any, T_world_node: np.ndarray) -> None:
    """Put a node of the scene at T_world_node (4, 4)."""
    handle.position, handle.wxyz = position_and_wxyz(T_world_node)


def position_and_wxyz(T_world_node: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(4, 4) -> position (3,) and quaternion (4,), real part first."""
    position, quat_xyzw = se3.to_quaternion(T_world_node)
    return position, np.roll(quat_xyzw, 1)


def wxyz_of(R: np.ndarray) -> np.ndarray:
    """(3, 3) rotation -> quaternion (4,), real part first."""
    T = np.eye(4)
    T[:3, :3] = R
    return position_and_wxyz(T)[1]


def pyramids(T_world_cam: np.ndarray, camera: Camera, depth_m: float) -> np.ndarray:
    """(K, 4, 4) -> the edges of their fields of view up to depth_m, (8 K, 2, 3) in the world."""
    x, y = camera.width / 2 / camera.fx * depth_m, camera.height / 2 / camera.fy * depth_m
    corners = np.array([[0, 0, 0], [-x, -y, depth_m], [x, -y, depth_m], [x, y, depth_m], [-x, y, depth_m]])
    edges = corners[[[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1]]]
    moved = np.einsum("kij,enj->keni", T_world_cam[:, :3, :3], edges) + T_world_cam[:, None, None, :3, 3]
    return moved.reshape(-1, 2, 3)


def trajectory_segments(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (N, 3) -> segments (S, 2, 3) through some MAX_TRAJECTORY_POINTS of them, none for fewer than two, and
    their colours (S, 2, 3) uint8 from START_COLOUR to END_COLOUR."""
    step = max(1, -(-len(positions) // MAX_TRAJECTORY_POINTS))
    points = np.concatenate([positions[:-1:step], positions[-1:]])
    shares = np.linspace(0, 1, len(points))[:, None]
    colours = np.round(START_COLOUR + shares * (END_COLOUR - START_COLOUR)).astype(np.uint8)
    return np.stack([points[:-1], points[1:]], 1), np.stack([colours[:-1], colours[1:]], 1)


def add_lines(scene: Any, name: str, segments: np.ndarray, colours: Any, thickness_px: float = 2.0) -> None:
    """Show segments (S, 2, 3) in place of those that had the name; none where there are none, since browsers choke on
    empty lines. colours: one, or (S, 2, 3)."""
    if len(segments):
        scene.add_line_segments(name, segments.astype(np.float32), colours, thickness=thickness_px,
                                thickness_units="screen")
    elif handle := scene.get_handle_by_name(name):
        handle.remove()
