"""Maps of different recordings in one system made one map: one world, one scale, one graph.

What follows, as after any recording, is the adjustment of all keyframes, their depth, and the map anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from calib.geometry import sim3
from slam.global_adjustment.global_adjustment import GlobalAdjustmentConfig
from slam.loops.map_joiner import MapJoiner
from slam.scale.merged_scale import MapSize, weighed

if TYPE_CHECKING:
    from slam.system import SlamSystem


class Part(NamedTuple):
    """One of the maps, as it lies in the system."""

    rows: range
    """Of its keyframes."""
    main_submap: int
    """The submap that its results show, by its number when it was put in."""
    scale: Mapping[str, Any]
    """What the map says of its scale, see slam.scale.map_scale.MapScale.report; empty for a sensor's depth."""


class Merging:
    """Joins the parts of a system that was put together of several maps."""

    def __init__(self, slam: SlamSystem, parts: Sequence[Part]):
        """slam: without surfels; what was put in is not changed before `join`."""
        self.slam, self.parts = slam, parts
        self._S_before = slam.keyframes.S_world_key()
        self._main_row = [part.rows[int(np.argmax(slam.keyframes.submap[part.rows] == part.main_submap))]
                          for part in parts]
        self.log_growth: list[float] = []
        """By part of the group: log of the factor by which it has grown."""
        self.pair_count = 0
        """Pairs of keyframes of different maps that loop verification has confirmed."""

    def join(self) -> Iterator[float]:
        """Join what shows one place, a pair of keyframes at a time -> share of the work that is done"""
        slam, c = self.slam, self.slam.config
        tracks = (c.adjustment or GlobalAdjustmentConfig()).tracks
        joiner = MapJoiner(slam.camera, slam.verifier, slam.loops.candidates, tracks, c.joining, c.merging)
        with slam.stage_times.timed("join"):
            yield from joiner.steps(slam.keyframes, slam.move_map)
            if joiner.confirmed:
                slam.move_map(slam.loops.close_all(slam.keyframes, joiner.confirmed))
        self.pair_count, slam.submaps_are_joined = len(joiner.confirmed), True

    def group(self) -> list[int]:
        """-> numbers of the parts that are one map now, the most there are; of equals, those with the first part"""
        submap = [int(self.slam.keyframes.submap[row]) for row in self._main_row]
        most = max(Counter(submap).items(), key=lambda item: (item[1], -submap.index(item[0])))[0]
        return [number for number, other in enumerate(submap) if other == most]

    def settle(self) -> None:
        """Give the whole, of which all parts are one, the world of the first part, and the scale that all of them give
        it."""
        slam, first = self.slam, self._main_row[0]
        S_world_key = slam.keyframes.S_world_key()
        is_here = slam.keyframes.submap == slam.keyframes.submap[first]
        S_move = self._S_before[first] @ sim3.inverse(S_world_key[first])
        S_world_key[is_here] = S_move @ S_world_key[is_here]
        log_ratio = np.log(sim3.scale_of(self._S_before) / sim3.scale_of(S_world_key))
        sizes = [MapSize(float(np.median(log_ratio[part.rows][is_here[part.rows]])), part.scale) for part in self.parts]
        log_growth, report = weighed(sizes)
        S_world_key[is_here] = sim3.scaling(np.exp(log_growth)) @ S_world_key[is_here]
        slam.move_map(S_world_key)
        self.log_growth = [log_growth - size.log_growth for size in sizes]
        slam.depth.maps_merged([part.rows for part in self.parts], report)
