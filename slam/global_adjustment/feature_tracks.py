"""Feature tracks: features matched between pairs of keyframes, and chained into points that several of them show."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from calib.geometry.camera import Camera
from slam.kernels.descriptors import nearest


@dataclass(frozen=True)
class FeatureTrackConfig:
    """Settings of FeatureMatcher."""

    features: int = 1200
    """SIFT features per image, at most (Lowe 2004). They match over wider baselines, and are more accurate, than
    relocalisation's ORB features."""
    min_contrast: float = 0.02
    """Contrast threshold of SIFT."""
    max_ratio: float = 0.8
    """Ratio of a feature's distances to the best and the second best match, at most (Lowe 2004)."""
    epipolar_px: float = 1.0
    """Distance from the epipolar line up to which a match is an inlier."""
    min_matches: int = 12
    """Inliers that a pair of images needs."""
    min_share: float = 0.3
    """Share of inliers among all matches that a pair of images needs."""


class Features(NamedTuple):
    """SIFT features of one image."""

    pixel: np.ndarray
    """(n, 2) float64 u, v"""
    descriptor: np.ndarray
    """(n, 128) uint8 RootSIFT: square roots, whose dot product is the Hellinger kernel (Arandjelovic 2012)."""


class PointTracks(NamedTuple):
    """M observations of points in images, sorted by point."""

    image: np.ndarray
    """(M,) int64 row of the keyframe"""
    point: np.ndarray
    """(M,) int64 number of the point, from 0 without gaps"""
    pixel: np.ndarray
    """(M, 2) float64 u, v"""

    def within(self, is_wanted: np.ndarray) -> "PointTracks":
        """Observations in wanted (K,) images, of points that at least two of these show -> PointTracks"""
        kept = is_wanted[self.image]
        kept &= (np.bincount(self.point[kept], minlength=len(self.point)) >= 2)[self.point]
        return PointTracks(self.image[kept], np.unique(self.point[kept], return_inverse=True)[1], self.pixel[kept])


class FeatureMatcher:
    """Detects and matches features."""

    def __init__(self, camera: Camera, config: FeatureTrackConfig):
        self.camera, self.config = camera, config

    def features(self, gray_u8: np.ndarray, usable: np.ndarray | None = None) -> Features:
        """(h, w) uint8 -> Features, only where it is usable (h, w) bool"""
        mask = None if usable is None else usable.astype(np.uint8)
        # Its own, since several threads may detect at once.
        sift = cv2.SIFT.create(nfeatures=self.config.features, contrastThreshold=self.config.min_contrast)
        keypoints, histograms = sift.detectAndCompute(gray_u8, mask)
        if not keypoints:
            return Features(np.zeros((0, 2)), np.zeros((0, 128), np.uint8))
        share = histograms / np.maximum(histograms.sum(1, keepdims=True), 1)
        return Features(np.array([keypoint.pt for keypoint in keypoints], np.float64),
                        np.round(255 * np.sqrt(share)).astype(np.uint8))

    def matches(self, first: Features, second: Features) -> np.ndarray:
        """Features of two images -> (n, 2) int64 pairs of matches, none where the images have too little in common"""
        none = np.zeros((0, 2), np.int64)
        if min(len(first.pixel), len(second.pixel)) < self.config.min_matches:
            return none
        pairs = self._alike(first.descriptor, second.descriptor)
        if len(pairs) < self.config.min_matches:
            return none
        _, fits = cv2.findEssentialMat(first.pixel[pairs[:, 0]], second.pixel[pairs[:, 1]], self.camera.K,
                                       cv2.USAC_MAGSAC, 0.999, self.config.epipolar_px)
        fits = np.zeros(len(pairs), bool) if fits is None else fits.ravel() > 0
        enough = fits.sum() >= max(self.config.min_matches, self.config.min_share * len(pairs))
        return pairs[fits] if enough else none

    def _alike(self, first, second):
        """Mutual nearest neighbours that pass the ratio test -> (n, 2)"""
        best, product = np.empty(len(first), np.int64), np.empty((len(first), 2), np.int32)
        product_of_second = np.empty(len(second), np.int32)
        nearest(first.astype(np.int16), second.astype(np.int16), best, product, product_of_second)
        distance = np.sqrt(np.maximum(1 - product / 255**2, 0))
        is_match = distance[:, 0] < self.config.max_ratio * distance[:, 1]
        i = np.flatnonzero(is_match & (product_of_second[best] == product[:, 0]))
        return np.column_stack([i, best[i]])


def chained(features: list[Features], matches: dict[tuple[int, int], np.ndarray]) -> PointTracks:
    """Features of all images, and {(image, other image): (n, 2) matches} -> PointTracks

    A track is a connected component of matches; one with two features of one image is inconsistent and left out."""
    first_of = np.cumsum([0, *(len(f.pixel) for f in features)])
    pairs = [first_of[list(images)] + found for images, found in matches.items()]
    pairs = np.concatenate(pairs) if pairs else np.zeros((0, 2), np.int64)
    size = first_of[-1]
    _, chain = connected_components(coo_array((np.ones(len(pairs), bool), pairs.T), shape=(size, size)), directed=False)
    image = np.repeat(np.arange(len(features)), np.diff(first_of))
    matched = np.unique(pairs)
    visits, count = np.unique(np.column_stack([chain, image])[matched], axis=0, return_counts=True)
    matched = matched[~np.isin(chain[matched], visits[count > 1, 0])]
    matched = matched[np.argsort(chain[matched], kind="stable")]
    point = np.unique(chain[matched], return_inverse=True)[1]
    pixel = np.concatenate([f.pixel for f in features]) if features else np.zeros((0, 2))
    return PointTracks(image[matched], point, pixel[matched])
