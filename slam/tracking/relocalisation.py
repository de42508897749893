"""Relocalisation: the keyframes that look like an image, and its pose relative to them by ORB features and PnP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera

if TYPE_CHECKING:
    from slam.loops.appearance_index import AppearanceIndex
    from slam.mapping.keyframes import Keyframe, Keyframes
    from slam.tracking.image import Image
    from slam.tracking.tracker import TrackingResult

IN_TURN = 2
"""Keyframes per frame that are tried in turn, however little they look like the image."""


@dataclass(frozen=True)
class RelocalisationConfig:
    """Settings of Relocaliser."""

    features: int = 500
    """ORB features per image at most."""
    candidates: int = 5
    """Keyframes tried per frame: the last reference, those that share most features, and some others in turn."""
    min_matches: int = 20
    """Feature matches that must agree on one pose."""
    max_distance: int = 50
    """Bits in which the descriptors of a match may differ (Mur-Artal 2015, ORB-SLAM). Most unrelated images end here,
    before the search for a pose."""
    reprojection_px: float = 3.0
    """Reprojection error in pixels up to which a match agrees with a pose."""
    min_correlation: float = 0.6
    """Correlation of intensities after direct alignment. Higher than for tracking, which has a pose to start from."""
    max_correction: float = 0.15
    """How far direct alignment may move a guess, in median depths and in radians; beyond, one of the two is wrong."""


class Relocaliser:
    """Guesses an image's pose relative to keyframes from ORB features."""

    def __init__(self, camera: Camera, config: RelocalisationConfig):
        self.camera, self.config = camera, config
        self.orb = cv2.ORB.create(nfeatures=config.features, fastThreshold=8)
        self.matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)

    def describe(self, gray: np.ndarray, usable: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(h, w) float32 -> (positions (n, 2) px, descriptors (n, 32) uint8), only where it is usable (h, w) bool."""
        mask = None if usable is None else usable.astype(np.uint8)
        keypoints, descriptors = self.orb.detectAndCompute((gray * 255).astype(np.uint8), mask)
        positions = np.array([k.pt for k in keypoints], np.float64).reshape(-1, 2)
        return positions, descriptors if descriptors is not None else np.zeros((0, 32), np.uint8)

    def guesses(self, image: Image, keyframes: Keyframes, index: AppearanceIndex,
                attempt: int = 0) -> Iterator[tuple[Keyframe, np.ndarray]]:
        """Yield (keyframe, T_cam_key), most promising first; each is a guess for direct alignment to confirm.

        index: descriptors of the keyframes; attempt: number of images tried before this one since the camera was lost.
        """
        features = self.describe(image.gray, image.usable)
        for keyframe in self._similar(features, keyframes, index, attempt):
            T_cam_key = self.pose(features, keyframe)
            if T_cam_key is not None:
                yield keyframe, T_cam_key

    def guess(self, image: Image, keyframe: Keyframe) -> np.ndarray | None:
        """T_cam_key (4, 4) of one keyframe by features alone, or None."""
        return self.pose(self.describe(image.gray, image.usable), keyframe)

    def confirms(self, tracked: TrackingResult, keyframe: Keyframe, T_cam_key: np.ndarray) -> bool:
        """Whether direct alignment from the guess T_cam_key converged close to it, on an image that correlates."""
        correction = tracked.T_cam_key @ se3.inverse(T_cam_key)
        distance = float(np.linalg.norm(correction[:3, 3])) / keyframe.median_depth_m
        return (tracked.converged and tracked.correlation >= self.config.min_correlation
                and max(distance, se3.rotation_angle_rad(correction)) <= self.config.max_correction)

    def _similar(self, features, keyframes, index, attempt):
        """Keyframes to try, at most `candidates`: however poor the image, all have their turn after some attempts."""
        ranked = [int(row) for row in np.argsort(-index.scores(features[1]), kind="stable")]
        ranked.remove(keyframes.reference.row)
        likely = max(0, self.config.candidates - 1 - IN_TURN)
        others = ranked[likely:]
        start = attempt * IN_TURN % len(others) if others else 0
        rows = [keyframes.reference.row, *ranked[:likely], *others[start:start + IN_TURN]]
        return [keyframes.items[row] for row in rows]

    def pose(self, features: tuple[np.ndarray, np.ndarray], keyframe: Keyframe) -> np.ndarray | None:
        """T_cam_key by ORB matches to the keyframe's points in space and PnP in RANSAC; None where too few agree."""
        positions, descriptors = features
        key_positions, key_descriptors = keyframe.features
        if min(len(descriptors), len(key_descriptors)) < self.config.min_matches:
            return None
        matches = self.matcher.match(key_descriptors, descriptors)
        matches = [match for match in matches if match.distance <= self.config.max_distance]
        if len(matches) < self.config.min_matches:
            return None
        key_px = key_positions[[m.queryIdx for m in matches]]
        px = positions[[m.trainIdx for m in matches]]
        u, v = np.round(key_px).astype(int).T
        rho = keyframe.inverse_depth[v, u]
        known = rho > 0
        if known.sum() < self.config.min_matches:
            return None
        c = self.camera
        rays = np.stack([(key_px[:, 0] - c.cx) / c.fx, (key_px[:, 1] - c.cy) / c.fy, np.ones(len(key_px))], 1)
        cv2.setRNGSeed(0)  # RANSAC draws from a global generator; the same frames must give the same map
        found, rotation, translation, inliers = cv2.solvePnPRansac(
            rays[known] / rho[known, None], px[known], c.K, None, iterationsCount=200,
            reprojectionError=self.config.reprojection_px, flags=cv2.SOLVEPNP_AP3P)
        if not found or inliers is None or len(inliers) < self.config.min_matches:
            return None
        T_cam_key = np.eye(4)
        T_cam_key[:3, :3] = cv2.Rodrigues(rotation)[0]
        T_cam_key[:3, 3] = translation.ravel()
        return T_cam_key
