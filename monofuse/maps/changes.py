"""What has changed in a map since it was last written, copied so that a thread can write it while SLAM goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from slam.keyframe_depth.predicted_depth import PredictedDepth

if TYPE_CHECKING:
    from slam.keyframe_depth.stereo import StereoDepth
    from slam.loops.pose_graph import Edge
    from slam.system import SlamSystem


class NewKeyframe(NamedTuple):
    """What of a keyframe never changes."""

    row: int
    frame_index: int
    timestamp_s: float
    jpeg: bytes
    """Its full-size image."""
    usable: np.ndarray | None
    """See Keyframe.usable."""


class NewDepth(NamedTuple):
    """The depth of a keyframe."""

    row: int
    scale: float
    """Size of the keyframe's units when this was copied; see Keyframes.scale."""
    inverse_depth: np.ndarray
    """(h, w) float32 in these units."""
    log_std: np.ndarray | None
    """(h, w) float32; None where it is not final."""


class NewPose(NamedTuple):
    """Where a keyframe is, and how large."""

    row: int
    submap: int
    scale: float
    T_world_key: np.ndarray
    log_ratio: float | None
    agreement: float | None
    """Both: see Refiner."""


class NewFrame(NamedTuple):
    """Where a frame is."""

    number: int
    """Position in the trajectory of its session."""
    timestamp_s: float
    row: int
    T_key_cam: np.ndarray
    """(4, 4) in the units that the keyframe had when it was made."""


@dataclass
class Changes:
    """What is to be written in one transaction."""

    is_anew: bool = False
    """All that was written of this map before is void."""
    keyframes: list[NewKeyframe] = field(default_factory=list)
    depths: list[NewDepth] = field(default_factory=list)
    network_depths: list[tuple[int, np.ndarray]] = field(default_factory=list)
    """Rows, and inverse depth (h', w') float16 by the network."""
    poses: list[NewPose] = field(default_factory=list)
    frames: list[NewFrame] = field(default_factory=list)
    edges: list[tuple[int, Edge]] = field(default_factory=list)
    """With their numbers."""
    info: dict[str, Any] = field(default_factory=dict)


class ChangeLog:
    """Finds what has changed in a SlamSystem since it was asked last. Arrays count as the same while they are the same
    object: what SLAM changes in place (units, when a scale is corrected) is told by the scale."""

    def __init__(self, slam: SlamSystem, is_written: bool = False):
        """is_written: all that the system has now is in the file already."""
        self.slam = slam
        self._keyframe_count = len(slam.keyframes) if is_written else 0
        self._depth: dict[int, np.ndarray] = {}
        self._network_depth: dict[int, np.ndarray] = {}
        self._poses: dict[int, tuple] = {}
        self._edges: list[Edge] = []
        if is_written:
            self.changes()

    def changes(self) -> Changes:
        """What is new since the last call."""
        return Changes(keyframes=self._new_keyframes(), depths=self._new_depths(),
                       network_depths=self._new_network_depths(), poses=self._new_poses(), frames=self._new_frames(),
                       edges=self._new_edges())

    def _new_keyframes(self):
        items = self.slam.keyframes.items
        new = items[self._keyframe_count:]
        self._keyframe_count = len(items)
        return [NewKeyframe(k.row, k.frame_index, k.timestamp_s, self.slam.images.take(k.row), k.usable) for k in new]

    def _new_depths(self):
        keyframes, final, new = self.slam.keyframes, final_depth(self.slam), []
        for keyframe in keyframes.items:
            depth = final.get(keyframe.row)
            drawn = keyframe.stored_inverse_depth if depth is None else depth.inverse_depth
            if self._depth.get(keyframe.row) is not drawn:
                self._depth[keyframe.row] = drawn
                copied = keyframe.inverse_depth_aside() if depth is None else drawn  # the final one stays as it is
                new.append(NewDepth(keyframe.row, float(keyframes.scale[keyframe.row]), copied,
                                    depth.log_std if depth else None))
        return new

    def _new_network_depths(self):
        if not isinstance(self.slam.depth, PredictedDepth):
            return []
        final = self.slam.depth.finisher.final
        now = final.predicted if final else self.slam.depth.refiner.network_depth
        new = [(row, depth) for row, depth in now.items() if self._network_depth.get(row) is not depth]
        self._network_depth.update(new)
        return new

    def _new_poses(self):
        keyframes, new = self.slam.keyframes, []
        refiner = self.slam.depth.refiner if isinstance(self.slam.depth, PredictedDepth) else None
        for row in range(len(keyframes)):
            log_ratio = refiner.log_ratio.get(row) if refiner else None
            agreement = refiner.agreement.get(row) if refiner else None
            T = keyframes.T_world_key[row]
            pose = (int(keyframes.submap[row]), float(keyframes.scale[row]), T.tobytes(), log_ratio, agreement)
            if self._poses.get(row) != pose:
                self._poses[row] = pose
                new.append(NewPose(row, pose[0], pose[1], T.copy(), log_ratio, agreement))
        return new

    def _new_frames(self):
        trajectory = self.slam.map.relative_trajectory
        numbers, trajectory.changed = sorted(trajectory.changed), set()
        return [NewFrame(number, trajectory.times_s[number], trajectory.rows[number], trajectory.T_key_cam[number])
                for number in numbers]

    def _new_edges(self):
        edges = self.slam.loops.graph.edges
        new = [(number, edge) for number, edge in enumerate(edges)
               if number >= len(self._edges) or self._edges[number] is not edge]
        self._edges = list(edges)
        return new


def final_depth(slam: SlamSystem) -> dict[int, StereoDepth]:
    """The final depth of keyframes by row, none where it was not estimated."""
    final = slam.depth.finisher.final if isinstance(slam.depth, PredictedDepth) else None
    return final.depth if final else {}


