"""The surfels as clouds of points, one per keyframe and in its frame: when keyframes move, no point is sent again."""

from typing import Any, NamedTuple

import numpy as np

from monofuse.interface.viewer.colouring import DIMMED, colours_of
from monofuse.interface.viewer.pacing import step_for
from monofuse.interface.viewer.shapes import place, position_and_wxyz
from slam.mapping.surfels import Surfels

CLOUDS_PER_UPDATE, POINTS_PER_UPDATE = 8, 60_000
MAX_POINTS = 500_000


class Look(NamedTuple):
    """How the clouds shall look."""

    mode: str = "rgb"
    """One of colouring.MODES."""
    size: float = 1.0
    """Of points, over the diameter of their surfels."""
    lit: frozenset[int] = frozenset()
    """Rows of keyframes that share what the camera sees; the others are dimmed. None of them: all are bright."""


class _Sent(NamedTuple):
    """What the browser has of a cloud."""

    count: int
    mode: str
    is_dimmed: bool


class Clouds:
    """The stable surfels in the browser."""

    def __init__(self, scene: Any):
        self.scene = scene
        self.handles: dict[int, Any] = {}
        """By row of the keyframe; an empty cloud has none, since browsers choke on it."""
        self.sent: dict[int, _Sent] = {}
        self.diameter_m: dict[int, float] = {}
        self.T_world_shown: dict[int, np.ndarray] = {}
        self.size = 1.0

    @property
    def point_count(self) -> int:
        """Points that were sent and are there."""
        return sum(sent.count for sent in self.sent.values())

    def update(self, surfels: Surfels, T_world_key: np.ndarray, look: Look, is_limited: bool = True) -> None:
        """Send the clouds that have changed most, and move those whose keyframes moved; T_world_key (K, 4, 4).

        is_limited: only as many as one update may take; the others follow in the next ones."""
        for key in self.handles:
            if not np.array_equal(self.T_world_shown[key], T_world_key[key]):
                self.T_world_shown[key] = T_world_key[key].copy()
                place(self.handles[key], T_world_key[key])
        self._resize(look.size)
        rows = surfels.select(surfels.config.stable_confidence)
        rows = rows[:: step_for(len(rows), MAX_POINTS)]
        owner = surfels.keyframe_of(rows)
        counts = np.bincount(owner, minlength=len(T_world_key))
        change = np.array([self._change(key, count, look) for key, count in enumerate(counts)])
        allowance = POINTS_PER_UPDATE
        for key in np.argsort(-change, kind="stable")[:CLOUDS_PER_UPDATE if is_limited else None]:
            if change[key] and (allowance > 0 or not is_limited):
                self._send(int(key), surfels, rows[owner == key], T_world_key[key], look)
                allowance -= counts[key]

    def clear(self) -> None:
        """Take all away."""
        for handle in self.handles.values():
            handle.remove()
        self.handles, self.sent, self.T_world_shown, self.diameter_m = {}, {}, {}, {}

    def _change(self, key: int, count: int, look: Look) -> int:
        """How many points look wrong."""
        sent = self.sent.get(key, _Sent(0, look.mode, False))
        if count and sent.count and (sent.mode, sent.is_dimmed) != (look.mode, _is_dimmed(key, look)):
            return count
        return abs(count - sent.count)

    def _send(self, key: int, surfels: Surfels, rows: np.ndarray, T_world_key: np.ndarray, look: Look) -> None:
        self.sent[key] = _Sent(len(rows), look.mode, _is_dimmed(key, look))
        if not len(rows):
            self.handles.pop(key).remove()
            return
        colours = colours_of(surfels, rows, look.mode, key)
        if self.sent[key].is_dimmed:
            colours = (DIMMED * colours).astype(np.uint8)
        self.T_world_shown[key] = T_world_key.copy()
        self.diameter_m[key] = 2 * float(np.median(surfels.arrays.radius[rows]))
        position, wxyz = position_and_wxyz(T_world_key)
        # One message for points and colours, which browsers want to be of one length at any time.
        self.handles[key] = self.scene.add_point_cloud(
            f"/map/{key}", surfels.arrays.position[:, rows].T, colours, position=position, wxyz=wxyz,
            point_size=look.size * self.diameter_m[key], precision="float32", point_shading="flat")

    def _resize(self, size: float) -> None:
        if size != self.size:
            self.size = size
            for key, handle in self.handles.items():
                handle.point_size = size * self.diameter_m[key]


def _is_dimmed(key: int, look: Look) -> bool:
    return bool(look.lit) and key not in look.lit
