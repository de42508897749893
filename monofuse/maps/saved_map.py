"""A map as it was saved: what its file holds, in the words of SLAM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from calib.base.errors import BadInputError, MonofuseError, SourceError
from calib.files.image_file import decode_rgb
from calib.files.json_text import json_of
from calib.geometry.camera import Camera
from monofuse.configuration import changed
from monofuse.maps.depth_code import decode_depth, decode_log_std, decode_mask
from monofuse.maps.map_check import camera_of, matrices
from monofuse.maps.map_file import DAMAGE, STATES, damaged, map_in, read_info, read_map
from slam.config import SlamConfig
from slam.loops.pose_graph import Edge
from slam.tracking.trajectory import RelativeTrajectory

KEYFRAMES = """SELECT keyframe.row, session, frame_index, timestamp_s, image, usable, submap, pose.scale, T_world_key,
log_ratio, agreement, depth.scale, depth.inverse_depth, log_std, network_depth.inverse_depth FROM keyframe JOIN pose
USING (row) JOIN depth USING (row) LEFT JOIN network_depth USING (row) ORDER BY keyframe.row"""


class SavedKeyframe(NamedTuple):
    """One keyframe; lengths are in present units."""

    row: int
    session: int
    frame_index: int
    timestamp_s: float
    jpeg: bytes
    """Full-size image."""
    usable: np.ndarray | None
    submap: int
    scale: float
    T_world_key: np.ndarray
    log_ratio: float | None
    agreement: float | None
    inverse_depth: np.ndarray
    log_std: np.ndarray | None
    """(h, w) of final depth; None where it is not final."""
    network_depth: np.ndarray | None

    def rgb(self, camera: Camera) -> np.ndarray:
        """(H, W, 3) uint8, the full-size image. Raises BadInputError where it is damaged or not of that camera."""
        rgb = decode_rgb(self.jpeg, f"image of keyframe {self.row}")
        if rgb.shape[:2] != camera.size:
            raise SourceError(f"the image of keyframe {self.row} is of another size than its camera's")
        return rgb


class SavedPoses(NamedTuple):
    """Where K keyframes stand; see slam.tracking.trajectory.KeyframePoses."""

    submap: np.ndarray
    scale: np.ndarray
    T_world_key: np.ndarray


class SavedMap:
    """A map file that is open for reading."""

    def __init__(self, path: Path):
        """path: the file, or the folder of the result that has it. Raises BadInputError in one line."""
        self.path = map_in(path)
        self._connection = read_map(self.path)
        with self._reading():
            self.info: dict[str, Any] = read_info(self._connection)
            self.sessions = [(number, source, _mapping(json_of(value))) for number, source, value in
                             self._connection.execute("SELECT * FROM session ORDER BY number")]
            self.keyframe_count = self._connection.execute("SELECT count(*) FROM pose").fetchone()[0]
        if not self.info or not self.keyframe_count:
            self.close()
            raise BadInputError(f"{self.path} holds no keyframe: the run ended before its first one was written")
        with self._reading():
            self.camera = camera_of(self.info)
            """Pinhole of the keyframes' images."""
            self.working_size: tuple[int, int] = tuple(self.info["working_size"])
            """(height, width) of their depth."""

    @property
    def config(self) -> SlamConfig:
        """The configuration of the run that wrote it last."""
        with self._reading():
            given = self.info["configuration"]
            return changed(SlamConfig(bool(given["depth_is_measured"])), given)

    @property
    def state(self) -> str:
        """One of monofuse.maps.map_file.STATES."""
        with self._reading():
            return STATES[STATES.index(self.info["state"])]

    @property
    def edge_count(self) -> int:
        """Numbers that edges have, at most: one more than the largest."""
        with self._reading():
            return self._connection.execute("SELECT coalesce(max(number) + 1, 0) FROM edge").fetchone()[0]

    def table(self, name: str) -> tuple[list[str], Iterator[tuple]]:
        """A table as it is stored -> its columns, and its rows one by one."""
        with self._reading():
            cursor = self._connection.execute(f"SELECT * FROM {name}")
            return [column[0] for column in cursor.description], self._rows(cursor)

    def _rows(self, cursor):
        with self._reading():
            yield from cursor

    def keyframes(self) -> Iterator[SavedKeyframe]:
        """All keyframes in the order of their rows. Raises SourceError for a damaged file."""
        with self._reading():
            for row in self._connection.execute(KEYFRAMES):
                yield _keyframe(row, self.working_size)

    def poses(self) -> SavedPoses:
        """All keyframes', by row."""
        with self._reading():
            rows = self._connection.execute("SELECT submap, scale, T_world_key FROM pose ORDER BY row").fetchall()
            return SavedPoses(np.array([submap for submap, _, _ in rows]), np.array([scale for _, scale, _ in rows]),
                              matrices([T for _, _, T in rows]))

    def trajectory(self, session: int) -> RelativeTrajectory:
        """That of a session."""
        with self._reading():
            rows = self._connection.execute("SELECT timestamp_s, row, T_key_cam FROM frame WHERE session = ? "
                                            "ORDER BY number", (session,)).fetchall()
            trajectory = RelativeTrajectory()
            trajectory.times_s, trajectory.rows = [time_s for time_s, _, _ in rows], [row for _, row, _ in rows]
            trajectory.T_key_cam = list(matrices([data for _, _, data in rows]))
            return trajectory

    def edges(self) -> list[Edge]:
        """The pose graph."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT first, second, S_first_second, std, is_loop FROM edge ORDER BY number").fetchall()
            S_first_second = matrices([row[2] for row in rows], is_rigid=False)
            stds = np.array([np.frombuffer(std, "<f8") for _, _, _, std, _ in rows])
            if not np.all(np.isfinite(stds) & (stds > 0)):
                raise ValueError("an edge makes no sense")
            return [Edge(first, second, S, std, bool(is_loop))
                    for (first, second, _, _, is_loop), S, std in zip(rows, S_first_second, stds)]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> SavedMap:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _reading(self):
        try:
            yield
        except MonofuseError:
            raise
        except DAMAGE as error:
            raise damaged(self.path, error) from error


def _mapping(value):
    if not isinstance(value, dict):
        raise ValueError("what belongs to a recording has no names")
    return value


def _keyframe(columns, size):
    (row, session, frame_index, timestamp_s, jpeg, usable, submap, scale, T_world_key, log_ratio, agreement,
     depth_scale, inverse_depth, log_std, network_depth) = columns
    rho = decode_depth(inverse_depth) * np.float32(depth_scale / scale)
    usable = None if usable is None else decode_mask(usable)
    if rho.shape != size or (usable is not None and usable.shape != size):
        raise ValueError(f"the depth of keyframe {row} is of another size")
    return SavedKeyframe(
        row, session, frame_index, timestamp_s, jpeg, usable, submap, scale, matrices([T_world_key])[0],
        log_ratio, agreement, rho,
        None if log_std is None else decode_log_std(log_std, rho.shape),
        None if network_depth is None else decode_depth(network_depth).astype(np.float16))
