"""The camera's trajectory, stored relative to keyframes, so that it moves along when these are corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from slam.mapping.keyframes import Keyframes


class KeyframePoses(Protocol):
    """Where K keyframes stand, and to which part of a map they belong: Keyframes, or those of a saved map."""

    @property
    def submap(self) -> np.ndarray:
        """(K,) numbers."""
        ...

    @property
    def scale(self) -> np.ndarray:
        """(K,) size of a keyframe's units against those that it was made in."""
        ...

    @property
    def T_world_key(self) -> np.ndarray:
        """(K, 4, 4) metres."""
        ...


class RelativeTrajectory:
    """Pose of each tracked frame relative to the keyframe that it was tracked against."""

    def __init__(self):
        self.times_s, self.rows, self.T_key_cam = [], [], []
        self.changed: set[int] = set()
        """Frames that are new or were corrected since somebody took these numbers."""

    def add(self, timestamp_s: float, row: int, T_key_cam: np.ndarray, keyframes: Keyframes) -> None:
        """Note T_key_cam (4, 4) of a frame tracked against keyframe `row`, in the present units of that keyframe."""
        self.times_s.append(timestamp_s)
        self.rows.append(row)
        self.T_key_cam.append(T_key_cam)
        self.correct(len(self.rows) - 1, T_key_cam, keyframes)

    def correct(self, index: int, T_key_cam: np.ndarray, keyframes: Keyframes) -> None:
        """Replace the pose (4, 4) of a frame relative to its keyframe, in the present units of that keyframe."""
        T_key_cam = T_key_cam.copy()  # stored in the units that the keyframe had when it was made
        T_key_cam[:3, 3] /= keyframes.scale[self.rows[index]]
        self.T_key_cam[index] = T_key_cam
        self.changed.add(index)

    def of(self, index: int, keyframes: Keyframes) -> tuple[int, np.ndarray]:
        """-> row of a frame's keyframe, and T_key_cam (4, 4) in the present units of that keyframe"""
        row, T_key_cam = self.rows[index], self.T_key_cam[index].copy()
        T_key_cam[:3, 3] *= keyframes.scale[row]
        return row, T_key_cam

    def in_world(self, keyframes: KeyframePoses, submap: int) -> tuple[np.ndarray, np.ndarray]:
        """-> timestamps (N,) in seconds, T_world_cam (N, 4, 4) of a submap's frames by the keyframes' present poses"""
        if not self.rows:
            return np.zeros(0), np.zeros((0, 4, 4))
        rows = np.array(self.rows)
        kept = np.flatnonzero(keyframes.submap[rows] == submap)
        T_key_cam = np.array(self.T_key_cam)[kept]
        T_key_cam[:, :3, 3] *= keyframes.scale[rows[kept], None]
        return np.array(self.times_s)[kept], keyframes.T_world_key[rows[kept]] @ T_key_cam

    def main_submap(self, keyframes: KeyframePoses) -> int:
        """Number of the submap with most frames; of equals, the first."""
        return int(np.bincount(keyframes.submap[self.rows]).argmax()) if self.rows else 0

    def submaps(self, keyframes: Keyframes) -> list[dict]:
        """One record per submap, the main one first: its number, frames, keyframes, first and last time."""
        records = []
        for submap in np.unique(keyframes.submap):
            times_s = np.array(self.times_s)[keyframes.submap[self.rows] == submap]
            if len(times_s):
                records.append({"submap": int(submap), "frames": len(times_s), "from_s": float(times_s[0]),
                                "to_s": float(times_s[-1]), "keyframes": int((keyframes.submap == submap).sum())})
        return sorted(records, key=lambda record: (-record["frames"], record["submap"]))
