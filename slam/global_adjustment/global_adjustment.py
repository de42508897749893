"""Global bundle adjustment of all keyframes after the last frame, on matched features.

Features match over wider baselines and larger changes of brightness than photometric patches, so they also constrain
keyframes across sharp turns and revisited places. The network's depth is a prior on the scale of each keyframe.
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
from slam.global_adjustment.mapped import mapped
from slam.global_adjustment.odometry_prior import OdometryPrior
from slam.global_adjustment.reprojection_bundle import ReprojectionBundle, ReprojectionBundleConfig, ReprojectionState
from slam.mapping.keyframes import Keyframes

if TYPE_CHECKING:
    from slam.global_adjustment.feature_tracks import PointTracks

SHARES = 0.35, 0.8
"""Shares of the work at which features, and then matches, are done; the rest is bundle adjustment."""
NEAR_PX = 2.0
"""Reprojection error below which a point counts for a keyframe's scale."""


@dataclass(frozen=True)
class GlobalAdjustmentConfig:
    """Settings of GlobalAdjustment."""

    before: int = 4
    """Keyframes just before each one that it is matched with."""
    neighbours: int = 16
    """Older keyframes that each one is matched with, at most, those of most overlap."""
    min_overlap: float = 0.35
    """Share of the image that such an older keyframe must see."""
    min_points: int = 20
    """Points that a keyframe must show to be adjusted; with fewer it moves along with the one before."""
    rounds: int = 2
    """Rounds of matching and adjustment; after large drift, overlaps are found only once the first has corrected it."""
    max_drift: float = 1.25
    """Spread of the keyframes' log scale against the network's depth after a round, over that before it, beyond which
    the round is undone."""
    min_shared: int = 12
    """Points that two keyframes must share to be connected."""
    motion_std: tuple[float, float] = (0.03, 0.02)
    """Standard deviations of a keyframe's motion, as tracking found it, from the one that it was tracked against, in
    median depths and radians."""
    tracks: FeatureTrackConfig = field(default_factory=FeatureTrackConfig)
    """Features and their matches."""
    bundle: ReprojectionBundleConfig = field(default_factory=ReprojectionBundleConfig)
    """The bundle adjustment."""


class GlobalAdjustment:
    """Adjusts all keyframes; keeps features and matches, so that another round only tries new pairs."""

    def __init__(self, camera: Camera, overlap: Callable[..., np.ndarray], config: GlobalAdjustmentConfig):
        """overlap: see LoopCandidates.overlap"""
        self.camera, self.overlap, self.config = camera, overlap, config
        self.matcher = FeatureMatcher(camera, config.tracks)
        self.features = []
        self.matches: dict[tuple[int, int], np.ndarray] = {}
        """Matches (n, 2) of all pairs of keyframes that were tried, by rows."""
        self.odometry: OdometryPrior | None = None
        """As the keyframes were before the first round; set by then."""
        self.S_world_key = None
        """(K, 4, 4) adjusted, set at the end of `steps`; None where no new pair matched."""

    def steps(self, keyframes: Keyframes, network_depth: dict[int, np.ndarray],
              loops: list[tuple[int, int]], tracked: list[tuple[int, int]]) -> Iterator[float]:
        """Adjust each submap, a piece at a time -> share of the work that is done

        network_depth: {row: (h', w') inverse depth of any size, 1/m}; keyframes must be in the network's scale. loops:
        pairs of rows that show one place. tracked: pairs of rows, the second tracked against the first.
        """
        self.S_world_key = None
        if self.odometry is None:
            self.odometry = OdometryPrior.of(keyframes, tracked, *self.config.motion_std)
        new = keyframes.items[len(self.features):]
        for features in mapped(lambda keyframe: self.matcher.features(keyframe.gray_u8, keyframe.usable), new):
            self.features.append(features)
            yield SHARES[0] * len(self.features) / len(keyframes)
        pairs, matched_count = self._pairs(keyframes, loops), 0
        matches = mapped(lambda pair: self.matcher.matches(*(self.features[row] for row in pair)), pairs)
        for count, (pair, found) in enumerate(zip(pairs, matches), 1):
            self.matches[pair] = found
            matched_count += len(found) > 0
            yield SHARES[0] + (SHARES[1] - SHARES[0]) * count / len(pairs)
        tracks, part = self._parts(chained(self.features, self.matches), len(keyframes))
        if matched_count and len(tracks.image):
            odometry = self.odometry.within(part)
            T_cam_world, points, errors_px = yield from self._adjusted(keyframes, tracks, part, network_depth, odometry)
            factor = self._growth(keyframes, tracks, T_cam_world, points, errors_px)
            adjusted = sim3.similarity(se3.inverse(T_cam_world), keyframes.scale * factor)
            self.S_world_key = placed(keyframes.S_world_key(), adjusted, part, keyframes.submap)

    def _pairs(self, keyframes, loops):
        """-> [(older row, newer row)] that have not been tried, sorted"""
        c, pairs = self.config, {(min(loop), max(loop)) for loop in loops}
        for new in keyframes.items[max(1, keyframes.anchored_count):]:
            is_here = keyframes.submap[:new.row] == keyframes.submap[new.row]
            first = max(0, new.row - c.before)
            pairs |= {(row, new.row) for row in range(first, new.row) if is_here[row]}
            overlap = self.overlap(new, keyframes, slice(first)) if first else np.zeros(0)
            most = np.argsort(-overlap, kind="stable")[:c.neighbours]
            pairs |= {(int(row), new.row) for row in most if overlap[row] >= c.min_overlap}
        return sorted(pairs - self.matches.keys())

    def _parts(self, tracks, count):
        """Keyframes connected by shared points are one part -> tracks of connected keyframes, and the number of each
        keyframe's part (K,), -1 where it has none"""
        enough = np.bincount(tracks.image, minlength=count) >= self.config.min_points
        tracks = tracks.within(enough)
        seen = coo_array((np.ones(len(tracks.image)), (tracks.image, tracks.point)), shape=(count, len(tracks.image)))
        part = connected_components(seen @ seen.T >= self.config.min_shared, directed=False)[1]
        part = np.where(np.bincount(part)[part] > 1, part, -1)
        return tracks.within(part >= 0), part

    def _adjusted(self, keyframes, tracks, part, network_depth, odometry):
        """-> T_cam_world (K, 4, 4), points (P, 3), reprojection errors (M,) in pixels; yields the share of work done"""
        is_fixed = np.ones(len(keyframes), bool)
        is_fixed[part >= 0] = False
        is_fixed[np.unique(part, return_index=True)[1]] = True
        is_fixed[:keyframes.anchored_count] = True
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
        bundle = ReprojectionBundle(self.camera, tracks, expected_m, is_fixed, self.config.bundle, odometry)
        state = ReprojectionState(se3.inverse(T_world_key), points)
        for share, reached in bundle.steps(state):
            state = reached
            yield SHARES[1] + (1 - SHARES[1]) * share
        return (*state, bundle.errors_px(state))

    def _depth_m(self, keyframes, tracks):
        """-> (M,) the keyframes' depth at each observation, metres, 0 where unknown"""
        return depth_at({keyframe.row: keyframe.inverse_depth for keyframe in keyframes.items}, tracks, self.camera)

    def _growth(self, keyframes, tracks, T_cam_world, points, errors_px):
        """Factor by which each keyframe's depth has to grow to fit the points -> (K,), 1 where it has too few"""
        T = T_cam_world[tracks.image]
        z = np.einsum("nj,nj->n", T[:, 2, :3], points[tracks.point]) + T[:, 2, 3]
        known_m = self._depth_m(keyframes, tracks)
        is_good = (errors_px < NEAR_PX) & (known_m > 0)
        log_ratio = np.log(z[is_good] / known_m[is_good])
        image, factor = tracks.image[is_good], np.ones(len(keyframes))
        for row in np.flatnonzero(np.bincount(image, minlength=len(keyframes)) >= self.config.min_shared):
            factor[row] = np.exp(np.median(log_ratio[image == row]))
        factor[:keyframes.anchored_count] = 1
        return factor


def depth_at(inverse_depth: dict[int, np.ndarray | None], tracks: PointTracks, camera: Camera) -> np.ndarray:
    """{row: (h, w) inverse depth of any size, or None} -> (M,) depth at each observation, metres, 0 where unknown"""
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
    """Place independently adjusted parts in the world: similarities (K, 4, 4) before and adjusted -> (K, 4, 4)

    part (K,): number of each keyframe's part, -1: not adjusted. The first keyframe of a part keeps its pose relative to
    the keyframe before it, and the part its own scale. A keyframe that was not adjusted keeps pose and scale relative
    to the one before."""
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
