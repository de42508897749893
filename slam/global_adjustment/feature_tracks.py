"""Feature tracks: features matched between pairs of keyframes, and chained into points that several of them show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from calib.geometry.camera import Camera

if TYPE_CHECKING:
    from slam.mapping.keyframe_images import KeyframeImages
    from slam.mapping.keyframes import Keyframe

MIN_ENLARGEMENT = 1.25
"""Columns of an image, over those that tracking works with, from which on it is worth its time."""


@dataclass(frozen=True)
class FeatureTrackConfig:
    """Settings of FeatureMatcher."""

    features: int = 2000
    """SIFT features per image, at most (Lowe 2004). They match over wider baselines, and are more accurate, than
    relocalisation's ORB features."""
    width: int = 640
    """Columns of the images in which they are detected, at most: more than tracking works with, since they are found
    once per keyframe only."""
    max_megapixels: float = 12.0
    """All these images together, at most: the more keyframes, the smaller their images, down to working size."""
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

    def within(self, is_wanted: np.ndarray) -> PointTracks:
        """Observations in wanted (K,) images, of points that at least two of these show -> PointTracks"""
        kept = is_wanted[self.image]
        kept &= (np.bincount(self.point[kept], minlength=len(self.point)) >= 2)[self.point]
        return PointTracks(self.image[kept], np.unique(self.point[kept], return_inverse=True)[1], self.pixel[kept])


class FeatureMatcher:
    """Detects and matches features."""

    def __init__(self, camera: Camera, config: FeatureTrackConfig):
        self.camera, self.config = camera, config
        self.sift = cv2.SIFT.create(nfeatures=config.features, contrastThreshold=config.min_contrast)

    def features(self, gray_u8: np.ndarray, usable: np.ndarray | None = None) -> Features:
        """An image (H, W) uint8 of any size -> Features in the camera's pixels, only where it is usable (h, w) bool"""
        size = gray_u8.shape[::-1]
        mask = None if usable is None else cv2.resize(usable.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        keypoints, histograms = self.sift.detectAndCompute(gray_u8, mask)
        if not keypoints:
            return Features(np.zeros((0, 2)), np.zeros((0, 128), np.uint8))
        share = histograms / np.maximum(histograms.sum(1, keepdims=True), 1)
        pixel = np.array([keypoint.pt for keypoint in keypoints], np.float64)
        pixel = (pixel + 0.5) * (np.array(self.camera.size[::-1]) / size) - 0.5
        return Features(pixel, np.round(255 * np.sqrt(share)).astype(np.uint8))

    def features_of(self, keyframe: Keyframe, images: KeyframeImages, keyframe_count: int) -> Features:
        """Features of one of so many keyframes, in its image among `images` where that is there and larger than the
        keyframe's own."""
        pixels = self.config.max_megapixels * 1e6 / max(keyframe_count, 1)
        width = round(min(self.config.width, np.sqrt(pixels * self.camera.width / self.camera.height)))
        if width < MIN_ENLARGEMENT * self.camera.width or keyframe.row not in images.rows:
            return self.features(keyframe.gray_u8, keyframe.usable)
        gray_u8 = cv2.cvtColor(images.rgb(keyframe.row), cv2.COLOR_RGB2GRAY)
        size = width, round(width * gray_u8.shape[0] / gray_u8.shape[1])
        if width < gray_u8.shape[1]:
            gray_u8 = cv2.resize(gray_u8, size, interpolation=cv2.INTER_AREA)
        return self.features(gray_u8, keyframe.usable)

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
        # Whole numbers below 2^24 are exact in float32, however many threads add them up.
        product = first.astype(np.float32) @ second.astype(np.float32).T
        i, best = np.arange(len(first)), product.argmax(1)
        top = product[i, best]
        product[i, best] = 0
        distance = np.sqrt(np.maximum(1 - np.stack([top, product.max(1)]) / 255**2, 0))
        product[i, best] = top
        i = np.flatnonzero(distance[0] < self.config.max_ratio * distance[1])
        # Few are left, so looking down their columns takes less time than finding the best of all columns.
        i = i[product[:, best[i]].max(0, initial=0) == top[i]]
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
