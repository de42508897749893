"""Points that several keyframes show: features matched between pairs of images, and chained through all of them."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from calib.geometry.camera import Camera


@dataclass(frozen=True)
class FeatureTrackConfig:
    features: int = 1200
    """SIFT features per image, at most (Lowe 2004). They find each other over wider baselines, and sit more exactly,
    than those that relocalisation has in every frame."""
    min_contrast: float = 0.02
    """Contrast of a feature below which it is dropped, as `contrastThreshold` of OpenCV's SIFT."""
    max_ratio: float = 0.8
    """Between the distances of a feature to the best and to the second best one of another image."""
    epipolar_px: float = 1.0
    """Distance from the epipolar line up to which a match fits the motion between two images."""
    min_matches: int = 12
    """That fit one motion; ..."""
    min_share: float = 0.3
    """... and their share of all. Else the images have nothing in common."""


class Features(NamedTuple):
    pixel: np.ndarray
    """(n, 2) float64 u, v"""
    descriptor: np.ndarray
    """(n, 128) uint8: square roots, so that their product is Bhattacharyya's measure (Arandjelovic 2012)."""


class FeatureTracks(NamedTuple):
    """Where points were seen, sorted by point."""

    image: np.ndarray
    """(M,) int64"""
    point: np.ndarray
    """(M,) int64, from 0 without gaps"""
    pixel: np.ndarray
    """(M, 2) float64 u, v"""

    def within(self, is_wanted: np.ndarray) -> "FeatureTracks":
        """What images that are wanted, (K,) bool, show of points that at least two of them show -> FeatureTracks"""
        kept = is_wanted[self.image]
        kept &= (np.bincount(self.point[kept], minlength=len(self.point)) >= 2)[self.point]
        return FeatureTracks(self.image[kept], np.unique(self.point[kept], return_inverse=True)[1], self.pixel[kept])


class FeatureMatcher:
    def __init__(self, camera: Camera, config: FeatureTrackConfig):
        self.camera, self.config = camera, config
        self.sift = cv2.SIFT.create(nfeatures=config.features, contrastThreshold=config.min_contrast)

    def features(self, gray_u8: np.ndarray) -> Features:
        """(h, w) uint8 -> Features"""
        keypoints, histograms = self.sift.detectAndCompute(gray_u8, None)
        if not keypoints:
            return Features(np.zeros((0, 2)), np.zeros((0, 128), np.uint8))
        share = histograms / np.maximum(histograms.sum(1, keepdims=True), 1)
        return Features(np.array([keypoint.pt for keypoint in keypoints], np.float64),
                        np.round(255 * np.sqrt(share)).astype(np.uint8))

    def matches(self, first: Features, second: Features) -> np.ndarray:
        """Features of two images -> (n, 2) int64 of those that show one point; none where the images do not fit."""
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
        """Each other's best, and clearly better than the second best."""
        # Whole numbers below 2^24 are exact in float32, however many threads add them up.
        product = first.astype(np.float32) @ second.astype(np.float32).T
        i, best = np.arange(len(first)), product.argmax(1)
        is_mutual = product.argmax(0)[best] == i
        top = product[i, best]
        product[i, best] = 0
        distance = np.sqrt(np.maximum(1 - np.stack([top, product.max(1)]) / 255**2, 0))
        kept = is_mutual & (distance[0] < self.config.max_ratio * distance[1])
        return np.column_stack([i[kept], best[kept]])


def chained(features: list[Features], matches: dict[tuple[int, int], np.ndarray]) -> FeatureTracks:
    """Features of all images, and {(image, other image): (n, 2) of their features} -> FeatureTracks

    Matches are followed from image to image; a chain that comes to two features of one image is wrong somewhere, and
    left out."""
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
    return FeatureTracks(image[matched], point, pixel[matched])
