"""Submaps joined by features after the last frame: parts of a recording between which the camera was lost.

At low rates the camera is lost often, and live loop closure, by features that are cheap to match, does not recognise
every place again. Afterwards there is time for better ones between all submaps. What they propose has to pass loop
verification as any loop, and a second pair of keyframes has to agree on how the two submaps lie to each other, since
look-alikes must stay apart. What does not join remains a submap of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from calib.geometry import sim3
from calib.geometry.camera import Camera
from slam.global_adjustment.feature_tracks import FeatureMatcher, Features, FeatureTrackConfig
from slam.loops.appearance_index import AppearanceIndex
from slam.loops.verification import LoopVerifier, SamePlace
from slam.mapping.keyframes import Keyframe, Keyframes

RANSAC_ROUNDS = 300
View = tuple[Keyframe, Features]


@dataclass(frozen=True)
class JoiningConfig:
    """Settings of SubmapJoiner."""

    candidates: int = 6
    """Keyframes of other submaps that each keyframe is compared with, those that look most alike."""
    border: int = 4
    """Keyframes just before a new submap began that are compared with as many after it, however they look."""
    min_matches: int = 20
    """Matches that must agree on one pose."""
    reprojection_px: float = 3.0
    """Reprojection error up to which a match agrees with a pose; the depth of keyframes counts in it, too."""
    max_contradiction: float = 0.2
    """Difference between what two pairs of keyframes say of two submaps, at most, in median depths, radians and log
    scale, for one to confirm the other."""
    min_votes: int = 2
    """Pairs of keyframes that must agree on a join."""
    min_keyframes: int = 1
    """Different keyframes of either submap that must be among these pairs."""


class Meeting(NamedTuple):
    """Keyframes of two submaps that show one place."""

    first: int
    """Row of the one in the submap that stays."""
    second: int
    """Row of the one in the submap that may move."""
    S_first_second: np.ndarray
    """(4, 4) similarity in present units."""

    def rescaled(self, growth: np.ndarray) -> "Meeting":
        """The same after each keyframe's scale has grown by its factor (K,)."""
        first, second = float(growth[self.first]), float(growth[self.second])
        return self._replace(S_first_second=sim3.scaling(first) @ self.S_first_second @ sim3.scaling(1 / second))


class SubmapJoiner:
    """Joins the submaps of a finished map."""

    def __init__(self, camera: Camera, verify: LoopVerifier, index: AppearanceIndex, tracks: FeatureTrackConfig,
                 config: JoiningConfig):
        """camera: pinhole at working size; index: descriptors of all keyframes."""
        self.camera, self.verify, self.index, self.config = camera, verify, index, config
        self.matcher = FeatureMatcher(camera, tracks)
        self.features: dict[int, Features] = {}
        """Of the keyframes that were compared, by row."""
        self.joined: list[Meeting] = []
        """The pairs of keyframes by which submaps were joined."""

    def steps(self, keyframes: Keyframes, move: Callable[[np.ndarray], None]) -> Iterator[float]:
        """Join submaps, a pair of keyframes at a time -> share of the work that is done

        move: is called with new S_world_key (K, 4, 4), whenever two submaps were joined in `keyframes.submap`."""
        pairs, meetings = self._pairs(keyframes), []
        for count, (first, second) in enumerate(pairs, 1):
            views = [(keyframes.items[row], self._features(keyframes.items[row])) for row in (first, second)]
            place = self.place(*views)
            if place is not None:
                meetings.append(Meeting(first, second, place.S_a_b))
            yield count / len(pairs)
        while (votes := self._best_votes(keyframes, meetings)):
            scale, rows = keyframes.scale.copy(), {vote[:2] for vote in votes}
            if self._join(keyframes, votes, move):
                self.joined += votes
            else:
                meetings = [meeting for meeting in meetings if meeting[:2] not in rows]
            growth = keyframes.scale / scale
            meetings = [meeting.rescaled(growth) for meeting in meetings]

    def _join(self, keyframes: Keyframes, votes: list[Meeting], move: Callable[[np.ndarray], None]) -> bool:
        """Join two submaps as their votes say -> whether they are joined now"""
        move(self._joined(keyframes, votes))
        return True

    def _pairs(self, keyframes):
        """-> [(row, row)] of keyframes in different submaps that look alike or followed each other, sorted"""
        pairs, submap = set(), keyframes.submap
        for begin in 1 + np.flatnonzero(np.diff(submap)):
            before, after = (range(start, start + self.config.border) for start in (begin - self.config.border, begin))
            pairs |= {(a, b) for a in before for b in after if a >= 0 and b < len(submap) and submap[a] != submap[b]}
        for keyframe in keyframes.items:
            is_elsewhere = submap != submap[keyframe.row]
            scores = self.index.scores(keyframe.features[1]) * is_elsewhere
            best = np.argsort(-scores, kind="stable")[:self.config.candidates]
            pairs |= {tuple(sorted((keyframe.row, int(row)))) for row in best if scores[row] > 0}
        return sorted(pairs)

    def _features(self, keyframe):
        if keyframe.row not in self.features:
            self.features[keyframe.row] = self.matcher.features(keyframe.gray_u8, keyframe.usable)
        return self.features[keyframe.row]

    def place(self, first: View, second: View) -> SamePlace | None:
        """What loop verification makes of two keyframes, from the pose by matched features; None: not one place"""
        (a, features_a), (b, features_b) = first, second
        matches = self.matcher.matches(features_a, features_b)
        T_a_b = self._pose(features_a.pixel[matches[:, 0]], features_b.pixel[matches[:, 1]], b)
        return None if T_a_b is None else self.verify(a, b, [T_a_b])

    def _pose(self, pixel_a, pixel_b, b):
        """Matches (n, 2) -> T_a_b (4, 4) in the scale of b's depth by PnP in RANSAC, None where too few agree"""
        u, v = np.rint(pixel_b).astype(int).T
        rho = b.inverse_depth[v.clip(0, self.camera.height - 1), u.clip(0, self.camera.width - 1)]
        known = rho > 0
        if known.sum() < self.config.min_matches:
            return None
        c = self.camera
        rays = np.column_stack([(pixel_b - (c.cx, c.cy)) / (c.fx, c.fy), np.ones(len(pixel_b))])
        cv2.setRNGSeed(0)  # RANSAC draws from a global generator; the same frames must give the same map
        found, rotation, translation, inliers = cv2.solvePnPRansac(
            rays[known] / rho[known, None], pixel_a[known], c.K, None, iterationsCount=RANSAC_ROUNDS,
            reprojectionError=self.config.reprojection_px, flags=cv2.SOLVEPNP_AP3P)
        if not found or inliers is None or len(inliers) < self.config.min_matches:
            return None
        T_a_b = np.eye(4)
        T_a_b[:3, :3] = cv2.Rodrigues(rotation)[0]
        T_a_b[:3, 3] = translation.ravel()
        return T_a_b

    def _best_votes(self, keyframes, meetings):
        """-> the meetings of two submaps that agree with each other, the most there are; none where too few do"""
        submap, together = keyframes.submap, defaultdict(list)
        for meeting in meetings:
            ends = tuple(sorted(submap[list(meeting[:2])]))
            if ends[0] != ends[1]:
                together[ends].append(meeting)
        best = max((self._votes(keyframes, group) for group in together.values()), key=len, default=[])
        is_enough = len(best) >= self.config.min_votes and self._breadth(keyframes, best) >= self.config.min_keyframes
        return best if is_enough else []

    def _votes(self, keyframes, meetings):
        """Meetings of the same two submaps -> most of them that say the same of how these lie to each other as one of
        them does, that one first"""
        submap, T, best = keyframes.submap, keyframes.T_world_key, np.zeros(0, int)
        first, second = np.array([meeting[:2] for meeting in meetings]).T
        S = T[first] @ np.array([meeting.S_first_second for meeting in meetings]) @ sim3.inverse(T[second])
        turned = np.where((submap[first] == submap[first[0]])[:, None, None], S, sim3.inverse(S))
        for place, (meeting, is_first) in enumerate(zip(meetings, submap[first] == submap[first[0]])):
            others = turned if is_first else sim3.inverse(turned)
            own = T[meeting.first] @ meeting.S_first_second @ sim3.inverse(T[meeting.second])
            carried = sim3.inverse(T[meeting.second])
            zeta = sim3.log(carried @ sim3.inverse(own) @ others @ sim3.inverse(carried))
            depth_m = keyframes.items[meeting.second].median_depth_m
            size = np.stack([np.linalg.norm(zeta[:, :3], axis=1) / depth_m, np.linalg.norm(zeta[:, 3:6], axis=1),
                             np.abs(zeta[:, 6])]).max(0)
            votes = np.flatnonzero(size <= self.config.max_contradiction)
            best = np.r_[place, votes[votes != place]] if len(votes) > len(best) else best
        return [meetings[index] for index in best]

    @staticmethod
    def _breadth(keyframes, votes):
        """How many different keyframes of either submap take part in votes, at least"""
        rows = {row for vote in votes for row in vote[:2]}
        return np.unique(keyframes.submap[list(rows)], return_counts=True)[1].min(initial=len(rows))

    @staticmethod
    def _joined(keyframes, votes):
        """Renumber the smaller of two submaps as the larger one -> S_world_key (K, 4, 4) with it moved to that one"""
        first, second, S_first_second = votes[0]
        submap, T = keyframes.submap, keyframes.T_world_key
        S_move = T[first] @ S_first_second @ sim3.inverse(T[second])
        stays, moves = submap[first], submap[second]
        if (submap == moves).sum() > (submap == stays).sum():
            stays, moves, S_move = moves, stays, sim3.inverse(S_move)
        S_world_key = keyframes.S_world_key()
        S_world_key[submap == moves] = S_move @ S_world_key[submap == moves]
        keyframes.submap = np.where(submap == moves, stays, submap)
        return S_world_key
