"""Dynamic regions, which are left out of the map: people, doors, and what mirrors show.

Single pixels are unreliable. A region is dynamic where a large share of the pixels that can be compared contradicts a
static world. Occlusion at the edges of static things must not count as motion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calib.geometry import se3
from slam.kernels.contradiction import UNSAID, dissimilarity, in_free_space
from slam.tracking.pyramid import Pyramid

if TYPE_CHECKING:
    from slam.mapping.keyframes import Keyframes


@dataclass(frozen=True)
class DynamicRegionConfig:
    """Settings of the search for dynamic regions."""

    level: int = 1
    """Pyramid level at which images are compared."""
    max_dissimilarity: float = 0.5
    """One minus the correlation of windows, beyond which a pixel is contradicted. The image that agrees second best
    counts: what an edge occludes from one side is seen from the other."""
    min_contrast: float = 8 / 255
    """Standard deviation of intensity, in [0, 1], below which a window is too plain to compare."""
    free_space_margin: float = 1.1
    """Ratio of depths beyond which a measured surface is in space that another image saw as free."""
    region: float = 0.03
    """Size of a region: standard deviation of its Gaussian weight, in image widths."""
    max_share: float = 0.4
    """Share of contradicted pixels up to which a region is static."""
    doubt: float = 0.3
    """Prior: share of static pixels that is added to those seen in each region."""


def contradicted_by_images(pyramid: Pyramid, inverse_depth: np.ndarray, others: list[Pyramid], T_other_key: np.ndarray,
                           config: DynamicRegionConfig) -> np.ndarray:
    """Where none of several images shows what an image shows, at its (h, w) inverse depth -> (h, w) bool

    others: pyramids of S other images; T_other_key (S, 4, 4): this image's pose in their frames."""
    level = pyramid.levels[config.level]
    gray, *other_grays = (np.ascontiguousarray(p.levels[config.level].texture[..., 0]) for p in (pyramid, *others))
    unlike = np.empty(gray.shape, np.float32)
    dissimilarity(gray, cv2.resize(inverse_depth, gray.shape[::-1], interpolation=cv2.INTER_AREA),
                  np.float32(config.min_contrast**2), np.array(level.camera.pinhole, np.float32),
                  np.stack(other_grays), T_other_key[:, :3].astype(np.float32), unlike)
    return regions(unlike > config.max_dissimilarity, unlike != UNSAID, inverse_depth.shape, config)


def static_part(inverse_depth: np.ndarray, keyframes: Keyframes, T_world_cam: np.ndarray,
                pinhole: np.ndarray, config: DynamicRegionConfig) -> np.ndarray:
    """A measured (h, w) inverse depth -> (h, w) the same, 0 in dynamic regions

    It is compared with the reference keyframe and the one before, which may have seen free space where somebody stood
    in the reference."""
    rows = [row for row in (keyframes.reference.row, keyframes.reference.row - 1)
            if row >= 0 and keyframes.submap[row] == keyframes.active_submap]
    others = np.stack([keyframes.items[row].inverse_depth for row in rows])
    T_other_cam = se3.inverse(keyframes.T_world_key[rows]) @ T_world_cam
    return np.where(contradicted_by_depth(inverse_depth, others, T_other_cam, pinhole, config), 0, inverse_depth)


def contradicted_by_depth(inverse_depth: np.ndarray, others: np.ndarray, T_other_cam: np.ndarray,
                          pinhole: np.ndarray, config: DynamicRegionConfig) -> np.ndarray:
    """Where a measured (h, w) inverse depth lies in space that others (S, h, w) saw as free -> (h, w) bool"""
    step = 2**config.level
    verdict = np.empty([n // step for n in inverse_depth.shape], np.float32)
    in_free_space(inverse_depth, others, pinhole, T_other_cam[:, :3].astype(np.float32),
                  np.float32(config.free_space_margin), step, verdict)
    return regions(verdict == 1, verdict != UNSAID, inverse_depth.shape, config)


def regions(is_contradicted: np.ndarray, is_known: np.ndarray, size: tuple[int, int],
            config: DynamicRegionConfig) -> np.ndarray:
    """Pixels that are contradicted, and that can be compared, (h, w) bool -> (height, width) bool of dynamic regions"""
    sigma = config.region * is_known.shape[1]
    contradicted, known = (cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), sigma)
                           for pixels in (is_contradicted, is_known))
    moves = contradicted > config.max_share * (known + config.doubt)
    return cv2.resize(moves.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST) > 0
