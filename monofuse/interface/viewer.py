"""A run live in the browser: surfels, cameras and trajectory. The one file that needs viser.

viser serves from a thread of its own; what this file does in the thread of the pipeline is rationed by time.
"""

import logging
import socket
import time
from typing import Any

import numpy as np

from calib.base.errors import BadInputError, MissingPackageError
from calib.geometry import se3
from calib.geometry.camera import Camera
from sequences.frame import Frame
from slam.mapping.surfels import Surfels
from slam.system import FrameResult, SlamSystem

PORTS = range(8080, 8180)
CAMERA_INTERVAL_S, MAP_INTERVAL_S = 0.1, 0.5
MAX_TIME_SHARE = 0.03
"""Updates come less often where they would take more than this share of the time."""
CLOUDS_PER_UPDATE, POINTS_PER_UPDATE = 8, 60_000
MAX_POINTS = 500_000
MAX_TRAJECTORY_POINTS = 2000
IMAGE_WIDTH = 160
STATUS_COLOURS = {"tracked": (60, 200, 90), "relocalised": (240, 200, 40), "waiting": (160, 160, 160),
                  "lost": (230, 60, 50)}


class Viewer:
    """Shows a SlamSystem while it runs. It ends with the process."""

    def __init__(self, slam: SlamSystem, host: str = "127.0.0.1"):
        """Raises MissingPackageError without viser, BadInputError where nothing can be served on `host`."""
        self.slam = slam
        self.server = _serve(host)
        self.address = f"http://{host}:{self.server.get_port()}"
        self.server.scene.set_up_direction("-y")
        self.server.initial_camera.position = (0.0, -1.0, -2.5)
        self.server.initial_camera.look_at = (0.0, 0.0, 1.5)
        self.numbers = self.server.gui.add_markdown("waiting for the first frame")
        self.follow = self.server.gui.add_checkbox("follow the camera", False)
        self.camera = self._add_camera()
        self.clouds = _Clouds(self.server.scene)
        self.camera_updates, self.map_updates = _Ration(CAMERA_INTERVAL_S), _Ration(MAP_INTERVAL_S)
        self.shown = _Speed()

    def show(self, frame: Frame, result: FrameResult) -> None:
        """Frame and its FrameResult -> the browser, as far as it is time for that."""
        self.shown.count += 1
        if self.camera_updates.due():
            with self.camera_updates, self.server.atomic():
                self._show_camera(frame, result)
        if self.map_updates.due():
            with self.map_updates, self.server.atomic():
                self._show_map(frame, result)

    def _add_camera(self):
        c = self.slam.camera
        return self.server.scene.add_camera_frustum(
            "/camera", fov=2 * np.arctan(c.height / 2 / c.fy), aspect=c.width / c.height, scale=0.15,
            color=STATUS_COLOURS["waiting"])

    def _show_camera(self, frame: Frame, result: FrameResult) -> None:
        step = _step(frame.rgb.shape[1], IMAGE_WIDTH)
        self.camera.image = frame.rgb[::step, ::step]
        self.camera.color = STATUS_COLOURS[result.status]
        if result.T_world_cam is None:
            return
        _place(self.camera, result.T_world_cam)
        if self.follow.value:
            behind, ahead = (result.T_world_cam[:3, :3] @ offset + result.T_world_cam[:3, 3]
                             for offset in ((0.0, -0.5, -1.2), (0.0, 0.0, 1.5)))
            for client in self.server.get_clients().values():
                client.camera.position, client.camera.look_at = behind, ahead

    def _show_map(self, frame: Frame, result: FrameResult) -> None:
        slam = self.slam
        self.numbers.content = (
            f"| | |\n|---|---|\n| frame | {frame.index} |\n| frames/s | {self.shown.per_second():.1f} |\n"
            f"| status | {result.status} |\n| keyframes | {len(slam.keyframes)} |\n| surfels | {len(slam.surfels):,} |")
        T_world_key = slam.keyframes.T_world_key
        self.clouds.update(slam.surfels, T_world_key)
        if len(T_world_key):
            self._add_lines("/keyframes", _pyramids(T_world_key, slam.camera, 0.06), (120, 140, 190))
        positions = slam.trajectory()[1][:, :3, 3]
        positions = np.concatenate([positions[:-1: _step(len(positions), MAX_TRAJECTORY_POINTS)], positions[-1:]])
        if len(positions) > 1:
            self._add_lines("/trajectory", np.stack([positions[:-1], positions[1:]], 1), (255, 140, 60))

    def _add_lines(self, name: str, segments: np.ndarray, colour: tuple[int, int, int]) -> None:
        self.server.scene.add_line_segments(name, segments.astype(np.float32), colour, thickness=2.0,
                                            thickness_units="screen")


class _Clouds:
    """The stable surfels as one cloud per keyframe, in its frame: when keyframes move, no point is sent again."""

    def __init__(self, scene: Any):
        self.scene = scene
        self.handles = []
        self.sizes, self.T_world_shown = np.zeros(0, np.int64), np.zeros((0, 4, 4))

    def update(self, surfels: Surfels, T_world_key: np.ndarray) -> None:
        """Send the clouds that have changed most, and move those whose keyframes have moved."""
        while len(self.handles) < len(T_world_key):
            self._add(T_world_key[len(self.handles)])
        for key in np.flatnonzero((self.T_world_shown != T_world_key).any((1, 2))):
            _place(self.handles[key], T_world_key[key])
        self.T_world_shown = T_world_key.copy()
        rows = surfels.select(surfels.config.stable_confidence)
        rows = rows[:: _step(len(rows), MAX_POINTS)]
        owner = surfels.keyframe_of(rows)
        change = np.abs(np.bincount(owner, minlength=len(T_world_key)) - self.sizes)
        allowance = POINTS_PER_UPDATE
        for key in np.argsort(-change)[:CLOUDS_PER_UPDATE]:
            if change[key] and allowance > 0:
                allowance -= self._send(key, surfels, rows[owner == key])

    def _add(self, T_world_key: np.ndarray) -> None:
        position, wxyz = _position_and_wxyz(T_world_key)
        self.handles.append(self.scene.add_point_cloud(
            f"/map/{len(self.handles)}", np.zeros((0, 3)), np.zeros((0, 3), np.uint8), position=position, wxyz=wxyz,
            precision="float32", point_shading="flat"))
        self.sizes = np.append(self.sizes, 0)
        self.T_world_shown = np.concatenate([self.T_world_shown, T_world_key[None]])

    def _send(self, key: int, surfels: Surfels, rows: np.ndarray) -> int:
        """-> how many points that were"""
        handle = self.handles[key]
        handle.points = surfels.arrays.position[:, rows].T
        handle.colors = np.round(surfels.arrays.colour[rows]).astype(np.uint8)
        if len(rows):
            handle.point_size = 2 * float(np.median(surfels.arrays.radius[rows]))
        self.sizes[key] = len(rows)
        return len(rows)


class _Ration:
    """Says when something may be done again: after an interval, and longer after if doing it takes long."""

    def __init__(self, interval_s: float):
        self.interval_s = interval_s
        self.next_s = 0.0

    def due(self) -> bool:
        return time.perf_counter() >= self.next_s

    def __enter__(self) -> None:
        self.start_s = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        now_s = time.perf_counter()
        self.next_s = now_s + max(self.interval_s, (now_s - self.start_s) / MAX_TIME_SHARE)


class _Speed:
    """Frames per second since it was last asked."""

    def __init__(self):
        self.count, self.since_s = 0, time.perf_counter()

    def per_second(self) -> float:
        now_s = time.perf_counter()
        speed = self.count / max(now_s - self.since_s, 1e-6)
        self.count, self.since_s = 0, now_s
        return speed


def _serve(host: str) -> Any:
    """A silent viser server on the first free port."""
    try:
        import rich
        import viser
    except ImportError as error:
        raise MissingPackageError("viser", f"the live view ({error})") from error
    rich.get_console().quiet = True  # viser announces itself there, at start and at exit
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    return viser.ViserServer(host, _free_port(host), label="monofuse")


def _free_port(host: str) -> int:
    """viser itself would search for ever where there is none."""
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return port
            except OSError as error:
                reason = error.strerror or str(error)
    raise BadInputError(f"the viewer finds no free port from {PORTS[0]} to {PORTS[-1]} on {host}: {reason}")


def _step(count: int, limit: int) -> int:
    """Take every n-th of `count` things to have at most `limit`."""
    return max(1, -(-count // limit))


def _place(handle: Any, T_world_node: np.ndarray) -> None:
    """Put a node of the scene at T_world_node (4, 4)."""
    handle.position, handle.wxyz = _position_and_wxyz(T_world_node)


def _position_and_wxyz(T_world_node: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(4, 4) -> as viser takes it."""
    position, quat_xyzw = se3.to_quaternion(T_world_node)
    return position, np.roll(quat_xyzw, 1)


def _pyramids(T_world_cam: np.ndarray, camera: Camera, depth_m: float) -> np.ndarray:
    """(K, 4, 4) -> the edges of their fields of view up to depth_m, (8 K, 2, 3) in the world."""
    x, y = camera.width / 2 / camera.fx * depth_m, camera.height / 2 / camera.fy * depth_m
    corners = np.array([[0, 0, 0], [-x, -y, depth_m], [x, -y, depth_m], [x, y, depth_m], [-x, y, depth_m]])
    edges = corners[[[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1]]]
    moved = np.einsum("kij,enj->keni", T_world_cam[:, :3, :3], edges) + T_world_cam[:, None, None, :3, 3]
    return moved.reshape(-1, 2, 3)
