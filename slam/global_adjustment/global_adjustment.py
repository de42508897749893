"""All keyframes at once, adjusted to the features that they share: what a window of the last few cannot know.

Features match over wider baselines and larger changes of brightness than patches that are aligned, so they also hold
what sharp turns and long ways back leave loose. The network's depth says how large each keyframe's surroundings are,
as far as nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from calib.geometry import se3, sim3
from calib.geometry.camera import Camera
from slam.global_adjustment.feature_tracks import FeatureMatcher, FeatureTrackConfig, chained
from slam.global_adjustment.reprojection_bundle import ReprojectionBundle, ReprojectionBundleConfig, ReprojectionState
from slam.mapping.keyframes import Keyframes

if TYPE_CHECKING:
    from slam.global_adjustment.feature_tracks import FeatureTracks

SHARES = 0.35, 0.8
"""Of the work: features up to the first, matches up to the second."""
NEAR_PX = 2.0
"""Points that reproject this well tell a keyframe's scale."""


@dataclass(frozen=True)
class GlobalAdjustmentConfig:
    before: int = 4
    """Keyframes before each one in time that it is matched with, ..."""
    neighbours: int = 16
    """... and further older ones that see most of the same, at most, ..."""
    min_overlap: float = 0.35
    """... by this share of the image."""
    min_points: int = 20
    """A keyframe that shows fewer shared ones goes where the one before it goes."""
    rounds: int = 2
    """Where the path has drifted far, what sees the same is only known after a first one."""
    min_shared: int = 12
    """Points that two keyframes need to share to hold each other."""
    tracks: FeatureTrackConfig = field(default_factory=FeatureTrackConfig)
    """Features and how they are matched between keyframes."""
    bundle: ReprojectionBundleConfig = field(default_factory=ReprojectionBundleConfig)
    """Bundle adjustment of the matched features."""


class GlobalAdjustment:
    """May be asked again when the keyframes have moved accordingly: more of them then turn out to see the same."""

    def __init__(self, camera: Camera, overlap: Callable[..., np.ndarray], config: GlobalAdjustmentConfig):
        """overlap: like slam.loop_candidates.LoopCandidates.overlap"""
        self.camera, self.overlap, self.config = camera, overlap, config
        self.matcher = FeatureMatcher(camera, config.tracks)
        self.features = []
        self.matches: dict[tuple[int, int], np.ndarray] = {}
        """Of all pairs of keyframes that were tried."""
        self.S_world_key = None
        """(K, 4, 4) of all keyframes, set at the end; None where nothing new was found."""

    def steps(self, keyframes: Keyframes, network_depth: dict[int, np.ndarray],
              loops: list[tuple[int, int]]) -> Iterator[float]:
        """Adjust each submap, a piece at a time -> share of the work that is done

        network_depth: {row: (h', w') inverse depth, any size}, in 1/m of the network; keyframes have been scaled to
        these metres before. loops: pairs of rows that are known to show one place.
        """
        self.S_world_key = None
        for keyframe in keyframes.items[len(self.features):]:
            self.features.append(self.matcher.features(keyframe.gray_u8))
            yield SHARES[0] * len(self.features) / len(keyframes)
        pairs, finds = self._pairs(keyframes, loops), 0
        for count, (first, second) in enumerate(pairs, 1):
            found = self.matcher.matches(self.features[first], self.features[second])
            self.matches[first, second] = found
            finds += len(found) > 0
            yield SHARES[0] + (SHARES[1] - SHARES[0]) * count / len(pairs)
        tracks, part = self._parts(chained(self.features, self.matches), len(keyframes))
        if finds and len(tracks.image):
            T_cam_world, points, errors_px = yield from self._adjusted(keyframes, tracks, part, network_depth)
            factor = self._growth(keyframes, tracks, T_cam_world, points, errors_px)
            adjusted = sim3.similarity(se3.inverse(T_cam_world), keyframes.scale * factor)
            self.S_world_key = placed(keyframes.S_world_key(), adjusted, part, keyframes.submap)

    def _pairs(self, keyframes, loops):
        """-> [(older row, newer row)] that have not been tried"""
        c, pairs = self.config, {(min(loop), max(loop)) for loop in loops}
        for new in keyframes.items[1:]:
            is_here = keyframes.submap[:new.row] == keyframes.submap[new.row]
            first = max(0, new.row - c.before)
            pairs |= {(row, new.row) for row in range(first, new.row) if is_here[row]}
            overlap = self.overlap(new, keyframes, slice(first)) if first else np.zeros(0)
            most = np.argsort(-overlap, kind="stable")[:c.neighbours]
            pairs |= {(int(row), new.row) for row in most if overlap[row] >= c.min_overlap}
        return sorted(pairs - self.matches.keys())

    def _parts(self, tracks, count):
        """Keyframes that share points, directly or through others, are one part -> tracks without those that are
        alone, and parts (K,), -1 for those"""
        enough = np.bincount(tracks.image, minlength=count) >= self.config.min_points
        tracks = tracks.within(enough)
        seen = coo_array((np.ones(len(tracks.image)), (tracks.image, tracks.point)), shape=(count, len(tracks.image)))
        part = connected_components(seen @ seen.T >= self.config.min_shared, directed=False)[1]
        part = np.where(np.bincount(part)[part] > 1, part, -1)
        return tracks.within(part >= 0), part

    def _adjusted(self, keyframes, tracks, part, network_depth):
        """-> T_cam_world (K, 4, 4), points (P, 3), reprojection errors (M,) in pixels; yields the share of work done"""
        is_fixed = np.ones(len(keyframes), bool)
        is_fixed[part >= 0] = False
        is_fixed[np.unique(part, return_index=True)[1]] = True
        T_world_key = keyframes.T_world_key
        expected_m = depth_at({row: network_depth.get(row) for row in range(len(keyframes))}, tracks, self.camera)
        known_m = self._depth_m(keyframes, tracks)
        known_m = np.where(known_m > 0, known_m, np.array([k.median_depth_m for k in keyframes.items])[tracks.image])
        rays = np.column_stack([(tracks.pixel - (self.camera.cx, self.camera.cy)) / (self.camera.fx, self.camera.fy),
                                np.ones(len(known_m))])
        T = T_world_key[tracks.image]
        seen_at = np.einsum("nij,nj->ni", T[:, :3, :3], rays * known_m[:, None]) + T[:, :3, 3]
        visits = np.bincount(tracks.point)
        points = np.stack([np.bincount(tracks.point, axis) / visits for axis in seen_at.T], 1)
        bundle = ReprojectionBundle(self.camera, tracks, expected_m, is_fixed, self.config.bundle)
        state = ReprojectionState(se3.inverse(T_world_key), points)
        for share, reached in bundle.steps(state):
            state = reached
            yield SHARES[1] + (1 - SHARES[1]) * share
        return (*state, bundle.errors_px(state))

    def _depth_m(self, keyframes, tracks):
        """Of the keyframes at the points that they see, 0 where unknown -> (M,)"""
        return depth_at({keyframe.row: keyframe.inverse_depth for keyframe in keyframes.items}, tracks, self.camera)

    def _growth(self, keyframes, tracks, T_cam_world, points, errors_px):
        """By how much keyframes' depth has to grow to fit the points -> (K,), 1 where too few say so"""
        T = T_cam_world[tracks.image]
        z = np.einsum("nj,nj->n", T[:, 2, :3], points[tracks.point]) + T[:, 2, 3]
        known_m = self._depth_m(keyframes, tracks)
        is_good = (errors_px < NEAR_PX) & (known_m > 0)
        log_ratio = np.log(z[is_good] / known_m[is_good])
        image, factor = tracks.image[is_good], np.ones(len(keyframes))
        for row in np.flatnonzero(np.bincount(image, minlength=len(keyframes)) >= self.config.min_shared):
            factor[row] = np.exp(np.median(log_ratio[image == row]))
        return factor


def depth_at(inverse_depth: dict[int, np.ndarray | None], tracks: FeatureTracks, camera: Camera) -> np.ndarray:
    """{image: (h, w) inverse depth of any size, or None} where points are seen -> (M,) metres, 0 where unknown"""
    depth_m = np.zeros(len(tracks.image))
    for image, values in inverse_depth.items():
        mine = np.flatnonzero(tracks.image == image)
        if values is None or not len(mine):
            continue
        scale = np.array(values.shape[::-1]) / (camera.width, camera.height)
        u, v = np.rint((tracks.pixel[mine] + 0.5) * scale - 0.5).astype(int).T
        rho = values[np.clip(v, 0, values.shape[0] - 1), np.clip(u, 0, values.shape[1] - 1)].astype(np.float64)
        depth_m[mine] = np.where(rho > 0, 1 / np.where(rho > 0, rho, 1), 0)
    return depth_m


def placed(S_before: np.ndarray, S_adjusted: np.ndarray, part: np.ndarray, submap: np.ndarray) -> np.ndarray:
    """Keyframes (K, 4, 4) before, and as adjusted within parts (K,) that know nothing of each other; -1: not adjusted.
    A part stands, with its own scale, where its first keyframe stood as seen from the one before; so does a keyframe
    that has not been adjusted, with the scale of the one before. -> (K, 4, 4)"""
    S, move = np.array(S_before), {}
    for row in range(len(S)):
        followed = S_before[row]
        if row and submap[row] == submap[row - 1]:
            followed = S[row - 1] @ sim3.inverse(S_before[row - 1]) @ S_before[row]
        if part[row] < 0:
            S[row] = followed
            continue
        if part[row] not in move:
            move[part[row]] = sim3.rigid_part(followed) @ sim3.inverse(sim3.rigid_part(S_adjusted[row]))
        S[row] = move[part[row]] @ S_adjusted[row]
    return S
