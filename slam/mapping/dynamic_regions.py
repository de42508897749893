"""What moves through the picture, so that it is left out of the map: people, doors, and what mirrors show.

Single pixels say little. A region counts as moving where many of those pixels that say something contradict a still
world. What is still must not: edges that hide and uncover what is behind them have to be told from motion.
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
    level: int = 1
    """Of the pyramid, where images are compared."""
    max_dissimilarity: float = 0.5
    """Of windows (one minus their correlation), with the image that agrees second best of those before and after: what
    an edge hides from one side is seen from the other."""
    min_contrast: float = 8 / 255
    """Standard deviation of intensity below which a window is too plain to compare."""
    free_space_margin: float = 1.1
    """Ratio of depths beyond which a measured surface stands where another image has looked through."""
    region: float = 0.03
    """Standard deviation of the regions' weight, in image widths."""
    max_share: float = 0.4
    """Of contradicted pixels in a region that stands still."""
    doubt: float = 0.3
    """Share of pixels, saying nothing, that are taken to stand still in each region."""


def contradicted_by_images(pyramid: Pyramid, inverse_depth: np.ndarray, others: list[Pyramid], T_other_key: np.ndarray,
                           config: DynamicRegionConfig) -> np.ndarray:
    """Where none of several images shows what an image shows, at its (h, w) inverse depth -> (h, w) bool

    others: pyramids of the other images; T_other_key (S, 4, 4): where they stand."""
    level = pyramid.levels[config.level]
    gray, *other_grays = (np.ascontiguousarray(p.levels[config.level].texture[..., 0]) for p in (pyramid, *others))
    unlike = np.empty(gray.shape, np.float32)
    dissimilarity(gray, cv2.resize(inverse_depth, gray.shape[::-1], interpolation=cv2.INTER_AREA),
                  np.float32(config.min_contrast**2), np.array(level.camera.pinhole, np.float32),
                  np.stack(other_grays), T_other_key[:, :3].astype(np.float32), unlike)
    return regions(unlike > config.max_dissimilarity, unlike != UNSAID, inverse_depth.shape, config)


def still_part(inverse_depth: np.ndarray, keyframes: Keyframes, T_world_cam: np.ndarray,
               pinhole: np.ndarray, config: DynamicRegionConfig) -> np.ndarray:
    """A measured (h, w) inverse depth without what moves -> (h, w), 0 there

    It is compared with the reference of slam.keyframes.Keyframes, and with the keyframe before, which may have looked
    through where the reference had somebody standing."""
    rows = [row for row in (keyframes.reference.row, keyframes.reference.row - 1)
            if row >= 0 and keyframes.submap[row] == keyframes.active_submap]
    others = np.stack([keyframes.items[row].inverse_depth for row in rows])
    T_other_cam = se3.inverse(keyframes.T_world_key[rows]) @ T_world_cam
    return np.where(contradicted_by_depth(inverse_depth, others, T_other_cam, pinhole, config), 0, inverse_depth)


def contradicted_by_depth(inverse_depth: np.ndarray, others: np.ndarray, T_other_cam: np.ndarray,
                          pinhole: np.ndarray, config: DynamicRegionConfig) -> np.ndarray:
    """Where a measured (h, w) inverse depth stands in what others (S, h, w) have looked through -> (h, w) bool"""
    step = 2**config.level
    verdict = np.empty([n // step for n in inverse_depth.shape], np.float32)
    in_free_space(inverse_depth, others, pinhole, T_other_cam[:, :3].astype(np.float32),
                  np.float32(config.free_space_margin), step, verdict)
    return regions(verdict == 1, verdict != UNSAID, inverse_depth.shape, config)


def regions(is_contradicted: np.ndarray, is_known: np.ndarray, size: tuple[int, int],
            config: DynamicRegionConfig) -> np.ndarray:
    """Pixels (h, w) bool that are contradicted, and that could be -> (height, width) bool of the regions that move"""
    sigma = config.region * is_known.shape[1]
    contradicted, known = (cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), sigma)
                           for pixels in (is_contradicted, is_known))
    moves = contradicted > config.max_share * (known + config.doubt)
    return cv2.resize(moves.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST) > 0
