"""Maps of different recordings joined where they show one place.

What proposes a join is the same as between the submaps of one recording; but nothing says that two recordings have a
place in common at all, and rooms of one building look alike. So more pairs of keyframes, of several places, must agree
on one similarity, and then it is tried: of all keyframes that should show what one of the other map shows, from nearly
the same place, enough must pass loop verification, images and depth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3, sim3
from calib.geometry.camera import Camera
from slam.loops.candidates import LoopCandidates
from slam.loops.submap_joiner import JoiningConfig, Meeting, SubmapJoiner

if TYPE_CHECKING:
    from slam.global_adjustment.feature_tracks import FeatureTrackConfig
    from slam.loops.verification import LoopVerifier
    from slam.mapping.keyframes import Keyframes


@dataclass(frozen=True)
class MergingConfig:
    """Settings of MapJoiner."""

    min_votes: int = 4
    """Pairs of keyframes that must agree on a join."""
    min_keyframes: int = 3
    """Different keyframes of either map that must be among these pairs."""
    min_overlap: float = 0.5
    """Share of a keyframe's image that one of the other map must see, by the join, for the two to be compared."""
    max_view_change: float = 0.4
    """Distance between two keyframes, in median depths, plus the angle between them, in radians, at most, for them to
    be compared: both would then see the same, whatever stands about."""
    min_confirmed: float = 0.6
    """Share of the keyframes with another to be compared to that must be confirmed by one."""


class MapJoiner(SubmapJoiner):
    """Joins submaps of several maps in one system; `confirmed` holds the pairs of keyframes that do it."""

    def __init__(self, camera: Camera, verify: LoopVerifier, candidates: LoopCandidates, tracks: FeatureTrackConfig,
                 joining: JoiningConfig, config: MergingConfig):
        """camera: pinhole at working size; joining: settings of the search."""
        joining = replace(joining, border=0, min_votes=config.min_votes, min_keyframes=config.min_keyframes)
        super().__init__(camera, verify, candidates.index, tracks, joining)
        self.overlap, self.merging = candidates.overlap, config
        self.confirmed: list[Meeting] = []
        """Pairs of keyframes that agree with the joins: those that proposed them, and those that were compared then."""

    def _join(self, keyframes: Keyframes, votes: list[Meeting], move: Callable[[np.ndarray], None]) -> bool:
        """Join two submaps as their votes say, unless what they show contradicts that."""
        S_before, submap_before, scale = keyframes.S_world_key(), keyframes.submap, keyframes.scale.copy()
        sides = [np.flatnonzero(submap_before == submap_before[row]) for row in votes[0][:2]]
        move(self._joined(keyframes, votes))
        growth = keyframes.scale / scale
        votes = [vote.rescaled(growth) for vote in votes]
        compared = self._compared(keyframes, *sides) | self._compared(keyframes, *sides[::-1])
        known = {(max(vote[:2]), min(vote[:2])) for vote in votes}
        pairs = sorted({(max(pair), min(pair)) for pair in compared.items()} - known)
        agreeing = votes + [meeting for pair in pairs if (meeting := self._confirmed(keyframes, *pair))]
        rows = {row for meeting in agreeing for row in meeting[:2]}
        if compared and np.mean([row in rows for row in compared]) >= self.merging.min_confirmed:
            self.confirmed = [meeting.rescaled(growth) for meeting in self.confirmed] + agreeing
            return True
        keyframes.submap = submap_before
        move(S_before)
        return False

    def _compared(self, keyframes, side, other_side):
        """-> {row of one side: row of the other side}, the nearest view, where there is one"""
        compared, T = {}, keyframes.T_world_key
        for row in side:
            keyframe = keyframes.items[row]
            T_key_other = se3.inverse(T[row]) @ T[other_side]
            angle_rad = np.arccos(np.clip((np.trace(T_key_other[:, :3, :3], axis1=1, axis2=2) - 1) / 2, -1, 1))
            change = angle_rad + np.linalg.norm(T_key_other[:, :3, 3], axis=1) / keyframe.median_depth_m
            overlap = self.overlap(keyframe, keyframes, slice(len(T)))[other_side]
            change[overlap < self.merging.min_overlap] = np.inf
            if change.min() <= self.merging.max_view_change:
                compared[int(row)] = int(other_side[change.argmin()])
        return compared

    def _confirmed(self, keyframes, new, old):
        """The meeting of two keyframes that should see the same; None where verification fails or says otherwise"""
        T = keyframes.T_world_key
        T_new_old = se3.inverse(T[new]) @ T[old]
        a, b = keyframes.items[new], keyframes.items[old]
        place = self.verify(a, b, [], T_new_old)
        if place is None:
            return None
        zeta = sim3.log(sim3.inverse(place.S_a_b) @ T_new_old)
        size = max(np.linalg.norm(zeta[:3]) / b.median_depth_m, np.linalg.norm(zeta[3:6]), abs(zeta[6]))
        return Meeting(new, old, place.S_a_b) if size <= self.config.max_contradiction else None
