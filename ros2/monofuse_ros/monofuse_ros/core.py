"""What the node does with images, without ROS: poses in ROS's axes, depth for every image, save, reset, localise."""

import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from calib.geometry.camera import Camera
from calib.geometry.se3 import inverse
from monofuse import Slam

NS = 1_000_000_000
T_MAP_WORLD = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""From the first camera (z forward, y down) to a map as ROS has it (x forward, z up: REP 103)."""
MAX_PATH = 10_000
"""Poses that are kept for the path; from then on every second of the older ones goes."""


class Output(NamedTuple):
    """What came of one image."""

    stamp_ns: int
    """Of the image's header."""
    status: str
    """`tracked`, `relocalised`, `lost` or `waiting`."""
    T_map_cam: np.ndarray | None
    """(4, 4), camera (optical axes) to map; None where lost or waiting."""
    velocity: tuple[np.ndarray, np.ndarray] | None
    """Linear, m/s, and angular, rad/s, (3,) each, in the camera's axes; None without the pose before."""
    depth_m: np.ndarray | None
    """(h, w) float32 z in metres, 0 where unknown, on `depth_camera`: at a keyframe its own, between keyframes the last
    one's carried to the present camera."""
    depth_camera: Camera
    is_keyframe: bool


class Core:
    """One SLAM system that is fed with images in the order of their time. Its methods may be called from any thread."""

    def __init__(self, make_slam: Callable[[Camera], Slam]):
        """make_slam: called with the camera for the first image, and after each reset."""
        self._make_slam = make_slam
        self._lock = threading.Lock()
        self._slam: Slam | None = None
        self._camera: Camera | None = None
        self._forget()

    def _forget(self) -> None:
        self._last: Output | None = None
        self._key: tuple[int, np.ndarray] | None = None
        """Row of the last keyframe, and its points (N, 3) as it sees them."""
        self.path: list[tuple[int, np.ndarray]] = []
        """(stamp_ns, T_map_cam) of the tracked images."""

    def set_camera(self, camera: Camera) -> None:
        """Before the first image; another camera later begins a new map."""
        with self._lock:
            if camera != self._camera:
                self._camera, self._slam = camera, None
                self._forget()

    def process(self, rgb: np.ndarray, stamp_ns: int) -> Output | None:
        """(H, W, 3) uint8 and the time of its header -> Output; None before the camera is known, and for an image that
        is not later than the one before. Raises MonofuseError where the image cannot be used."""
        with self._lock:
            if self._camera is None or (self._last is not None and stamp_ns <= self._last.stamp_ns):
                return None
            if self._slam is None:
                self._slam = self._make_slam(self._camera)
            result = self._slam.track(rgb, stamp_ns / NS)
            T_map_cam = None if result.T_world_cam is None else T_MAP_WORLD @ result.T_world_cam
            camera = self._slam.system.camera
            depth_m = self._depth(result.inverse_depth if result.is_keyframe else None, T_map_cam, camera)
            output = Output(stamp_ns, result.status, T_map_cam, self._velocity(stamp_ns, T_map_cam), depth_m, camera,
                            result.is_keyframe)
            self._last = output
            if T_map_cam is not None:
                self._add_to_path(stamp_ns, T_map_cam)
            return output

    def _depth(self, inverse_depth, T_map_cam, camera):
        if T_map_cam is None:
            return None
        if inverse_depth is not None:
            depth_m = np.zeros_like(inverse_depth)
            np.divide(1, inverse_depth, out=depth_m, where=inverse_depth > 0)
            self._key = self._slam.system.keyframes.items[-1].row, camera.backproject(depth_m)[depth_m > 0]
            return depth_m
        if self._key is None:
            return None
        row, points = self._key  # a loop may have moved the keyframe since
        T_map_key = T_MAP_WORLD @ self._slam.system.keyframes.T_world_key[row]
        return carried(points @ T_map_key[:3, :3].T + T_map_key[:3, 3], T_map_cam, camera)

    def _velocity(self, stamp_ns, T_map_cam):
        last = self._last
        if last is None or last.T_map_cam is None or T_map_cam is None:
            return None
        seconds = (stamp_ns - last.stamp_ns) / NS
        T_last_cam = inverse(last.T_map_cam) @ T_map_cam
        turned = Rotation.from_matrix(T_last_cam[:3, :3]).as_rotvec() / seconds
        return T_last_cam[:3, :3].T @ T_last_cam[:3, 3] / seconds, turned

    def _add_to_path(self, stamp_ns, T_map_cam):
        self.path.append((stamp_ns, T_map_cam))
        if len(self.path) > MAX_PATH:
            self.path = self.path[: MAX_PATH // 2: 2] + self.path[MAX_PATH // 2:]

    def points(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The map: (N, 3) float32 in the map's axes and (N, 3) uint8 colours; None before there is one."""
        with self._lock:
            if self._slam is None or self._last is None or not len(self._slam.system.keyframes):
                return None
            cloud = self._slam.point_cloud()
            return (cloud.points_m @ T_MAP_WORLD[:3, :3].T).astype(np.float32), cloud.colours

    def save(self, folder: str) -> str:
        """Write trajectory and map there; images wait meanwhile. -> what was done. Raises MonofuseError."""
        with self._lock:
            if self._slam is None:
                return "there is nothing to save yet"
            self._slam.save(folder)
            return f"trajectory.txt, map.ply, mesh.ply and mesh.glb are in {folder}"

    def reset(self) -> None:
        """Begin a new map with the next image."""
        with self._lock:
            self._slam = None
            self._forget()

    def localise(self) -> tuple[bool, str]:
        """-> whether the camera is known to be somewhere in the map, and where, in words"""
        with self._lock:
            if self._last is None or self._last.T_map_cam is None:
                return False, "waiting for images" if self._last is None else f"the camera is {self._last.status}"
            x, y, z = self._last.T_map_cam[:3, 3]
            return True, f"{self._last.status} at x {x:.3f} y {y:.3f} z {z:.3f} m at {self._last.stamp_ns / NS:.3f} s"


def carried(points_map: np.ndarray, T_map_cam: np.ndarray, camera: Camera) -> np.ndarray:
    """Points (N, 3) in the map -> (h, w) float32 depth as a camera sees them, nearest in each pixel, 0 elsewhere."""
    T_cam_map = inverse(T_map_cam)
    points = points_map @ T_cam_map[:3, :3].T + T_cam_map[:3, 3]
    points = points[points[:, 2] > 0.01]
    u, v = np.round(camera.project(points)).astype(np.int64).T
    inside = (u >= 0) & (u < camera.width) & (v >= 0) & (v < camera.height)
    depth_m = np.full(camera.size, np.inf, np.float32)
    np.minimum.at(depth_m, (v[inside], u[inside]), points[inside, 2].astype(np.float32))
    return np.where(np.isfinite(depth_m), depth_m, np.float32(0))
