"""Maps of different recordings joined where they show one place.

What proposes a join is the same as between the submaps of one recording; but nothing says that two recordings have a
place in common at all, and rooms of one building look alike. So more pairs of keyframes, of several places, must agree
on one similarity, and then it is tried: of all keyframes that should see what a keyframe of the other map saw, enough
must pass loop verification, images and depth, from where the join puts them.
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
    min_confirmed: float = 0.4
    """Share of the compared pairs that must pass loop verification."""


class MapJoiner(SubmapJoiner):
    """Joins submaps of several maps in one system; `joined` holds the pairs of keyframes that confirm the joins."""

    def __init__(self, camera: Camera, verify: LoopVerifier, candidates: LoopCandidates, tracks: FeatureTrackConfig,
                 joining: JoiningConfig, config: MergingConfig):
        """camera: pinhole at working size; joining: settings of the search."""
        joining = replace(joining, border=0, min_votes=config.min_votes, min_keyframes=config.min_keyframes)
        super().__init__(camera, verify, candidates.index, tracks, joining)
        self.overlap, self.merging = candidates.overlap, config
        self.confirmed: list[Meeting] = []
        """Pairs of keyframes that passed verification from where a join has put them, newer row first."""

    def _join(self, keyframes: Keyframes, votes: list[Meeting], move: Callable[[np.ndarray], None]) -> bool:
        """Join two submaps as their votes say, unless what they show contradicts that."""
        S_before, submap_before = keyframes.S_world_key(), keyframes.submap
        first, second = (np.flatnonzero(submap_before == submap_before[row]) for row in votes[0][:2])
        move(self._joined(keyframes, votes))
        scale = keyframes.scale.copy()
        pairs = self._overlapping(keyframes, first, second)
        meetings = [meeting for pair in pairs if (meeting := self._confirmed(keyframes, *pair)) is not None]
        is_confirmed = len(meetings) >= max(self.merging.min_votes, self.merging.min_confirmed * len(pairs))
        if is_confirmed and self._breadth_of(meetings) >= self.merging.min_keyframes:
            self.confirmed = [meeting.rescaled(keyframes.scale / scale) for meeting in self.confirmed] + meetings
            return True
        keyframes.submap = submap_before
        move(S_before)
        return False

    def _overlapping(self, keyframes, first, second):
        """-> [(newer row, older row)] across a join: each keyframe and the other side's that sees most"""
        pairs = set()
        for rows, others in ((first, second), (second, first)):
            for row in rows:
                overlap = self.overlap(keyframes.items[row], keyframes, slice(len(keyframes)))[others]
                if overlap.max() >= self.merging.min_overlap:
                    other = int(others[overlap.argmax()])
                    pairs.add((max(int(row), other), min(int(row), other)))
        return sorted(pairs)

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

    @staticmethod
    def _breadth_of(meetings):
        """How many different keyframes take part, at least, as newer ones and as older ones"""
        return min(len({meeting.first for meeting in meetings}), len({meeting.second for meeting in meetings}))
