"""A map as it was saved: what its file holds, in the words of SLAM."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from calib.base.errors import BadInputError, MonofuseError
from calib.geometry.camera import Camera
from monofuse.configuration import changed
from monofuse.maps.depth_code import decode_depth, decode_log_std, decode_mask
from monofuse.maps.map_file import damaged, map_in, read_info, read_map
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
            self.sessions = [(number, source, json.loads(value)) for number, source, value in
                             self._connection.execute("SELECT * FROM session ORDER BY number")]
            self.keyframe_count = self._connection.execute("SELECT count(*) FROM pose").fetchone()[0]
        if not self.info or not self.keyframe_count:
            self.close()
            raise BadInputError(f"{self.path} holds no keyframe: the run ended before its first one was written")
        self.camera = Camera(**self.info["camera"] | {"distortion": ()})
        """Pinhole of the keyframes' images."""

    @property
    def config(self) -> SlamConfig:
        """The configuration of the run that wrote it last."""
        given = self.info["configuration"]
        return changed(SlamConfig(given["depth_is_measured"]), given)

    @property
    def state(self) -> str:
        """One of monofuse.maps.recorder.STATES."""
        return self.info["state"]

    @property
    def working_size(self) -> tuple[int, int]:
        """(height, width) of the keyframes' depth."""
        height, width = self.info["working_size"]
        return height, width

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
                yield _keyframe(row)

    def poses(self) -> SavedPoses:
        """All keyframes', by row."""
        with self._reading():
            rows = self._connection.execute("SELECT submap, scale, T_world_key FROM pose ORDER BY row").fetchall()
        return SavedPoses(np.array([submap for submap, _, _ in rows]), np.array([scale for _, scale, _ in rows]),
                          np.stack([_matrix(T) for _, _, T in rows]))

    def trajectory(self, session: int) -> RelativeTrajectory:
        """That of a session."""
        with self._reading():
            rows = self._connection.execute("SELECT timestamp_s, row, T_key_cam FROM frame WHERE session = ? "
                                            "ORDER BY number", (session,)).fetchall()
        trajectory = RelativeTrajectory()
        trajectory.times_s, trajectory.rows = [time_s for time_s, _, _ in rows], [row for _, row, _ in rows]
        trajectory.T_key_cam = [_matrix(data) for _, _, data in rows]
        return trajectory

    def edges(self) -> list[Edge]:
        """The pose graph."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT first, second, S_first_second, std, is_loop FROM edge ORDER BY number").fetchall()
        return [Edge(first, second, _matrix(S), np.frombuffer(std, "<f8").copy(), bool(is_loop))
                for first, second, S, std, is_loop in rows]

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
        except (sqlite3.Error, ValueError, KeyError) as error:
            raise damaged(self.path, error) from error


def _keyframe(columns):
    (row, session, frame_index, timestamp_s, jpeg, usable, submap, scale, T_world_key, log_ratio, agreement,
     depth_scale, inverse_depth, log_std, network_depth) = columns
    rho = decode_depth(inverse_depth) * np.float32(depth_scale / scale)
    return SavedKeyframe(
        row, session, frame_index, timestamp_s, jpeg, None if usable is None else decode_mask(usable), submap, scale,
        _matrix(T_world_key), log_ratio, agreement, rho,
        None if log_std is None else decode_log_std(log_std, rho.shape),
        None if network_depth is None else decode_depth(network_depth).astype(np.float16))


def _matrix(data):
    return np.frombuffer(data, "<f8").reshape(4, 4).copy()
