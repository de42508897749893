"""What never moves against the image while the rest does: the robot's own body, a watermark, a dirty lens, black bars.

Snapshots are kept, each of which differs from the one before in much of the image. Where the camera looks at the world
they have nothing in common; an overlay is the same in all of them. An edge alone is no evidence: walking along a
corridor leaves those that lead to the vanishing point where they are. Nor is the middle of the image, where what the
camera moves towards hardly moves.
"""

from dataclasses import dataclass

import cv2
import numpy as np

BLOCK = 8
"""Pixels along each side of the blocks in which two images are compared."""


@dataclass(frozen=True)
class OverlayConfig:
    """Settings of OverlayWatch; lengths are in pixels of its small images."""

    width: int = 160
    """Columns of the images that are compared."""
    snapshots: int = 10
    """Images that differ from each other, on which the verdict is based."""
    min_gap: int = 5
    """Frames between two of them, at least."""
    blur_px: float = 3.0
    """Standard deviation of what is taken off the images, and of the windows in which they are compared."""
    min_contrast: float = 3 / 255
    """Root mean square of the fine structure that a window needs to be compared."""
    min_corner: float = 3e-5
    """Smaller eigenvalue of the structure tensor that a window with structure in two directions has, at least."""
    min_roundness: float = 0.1
    """The same, as a share of the larger one."""
    max_correlation: float = 0.3
    """Correlation of a block in two images, below which it has changed."""
    min_changed: float = 0.3
    """Share of the blocks with structure that must have changed since the last snapshot."""
    max_change: float = 0.2
    """Variance over time, as a share of the fine structure's, of what does not move; what moves has nearly one."""
    min_change: float = 0.45
    """The same, of what surely moves."""
    dark: float = 14 / 255
    """Intensity of black bars, at most."""
    min_share: float = 0.003
    """Share of the image that a region needs; smaller ones are left alone."""
    max_share: float = 0.6
    """Share of the image beyond which it is the camera that stands still."""
    closing_px: int = 13
    """Size of gaps without structure that are filled."""
    margin_px: int = 2
    """What is added all around."""


class OverlayWatch:
    """Looks at the first images of a recording, and says where they never move."""

    def __init__(self, config: OverlayConfig | None = None):
        self.config = config or OverlayConfig()
        self.snapshots: list[np.ndarray] = []
        self.wait = 0
        """Frames until the next snapshot may be taken."""
        self.is_decided = False

    def add(self, gray: np.ndarray) -> np.ndarray | None:
        """The next (H, W) image, uint8 or float32 in [0, 1] -> (H, W) bool, False on an overlay, once there are enough
        images to say so; else None"""
        if self.is_decided:
            return None
        c = self.config
        self.wait -= 1
        if self.wait > 0:
            return None
        height, width = gray.shape
        small = cv2.resize(gray, (c.width, max(BLOCK, round(c.width * height / width))), interpolation=cv2.INTER_AREA)
        small = small.astype(np.float32) * np.float32(1 / 255 if gray.dtype == np.uint8 else 1)
        if self.snapshots and self._changed_share(small) < c.min_changed:
            return None
        self.snapshots.append(small)
        self.wait = c.min_gap
        if len(self.snapshots) < c.snapshots:
            return None
        self.is_decided = True
        overlay = find_overlay(np.stack(self.snapshots), c)
        if not overlay.any():
            return None
        return cv2.resize(overlay.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) == 0

    def _changed_share(self, small):
        """Share of the blocks with structure that do not correlate with the last snapshot."""
        a, b = (_blocks(_fine(image, self.config)) for image in (self.snapshots[-1], small))
        norms = np.sqrt((a**2).mean(-1)), np.sqrt((b**2).mean(-1))
        has_structure = np.maximum(*norms) > self.config.min_contrast
        correlation = (a * b).mean(-1) / np.maximum(norms[0] * norms[1], 1e-6)
        return np.mean(correlation[has_structure] < self.config.max_correlation) if has_structure.any() else 0.0


def find_overlay(snapshots: np.ndarray, config: OverlayConfig) -> np.ndarray:
    """(K, h, w) float32 images in [0, 1] that differ from each other -> (h, w) bool: what is the same in all"""
    c = config
    fine = np.stack([_fine(image, c) for image in snapshots])
    energy = cv2.GaussianBlur((fine**2).mean(0), (0, 0), c.blur_px)
    change = cv2.GaussianBlur(fine.var(0), (0, 0), c.blur_px) / np.maximum(energy, 1e-9)
    has_structure = energy > c.min_contrast**2
    stays, moves = has_structure & (change < c.max_change), has_structure & (change > c.min_change)
    if not moves.any():
        return np.zeros(stays.shape, bool)
    eigenvalues = np.sort(cv2.cornerEigenValsAndVecs(snapshots.mean(0), 7, 3)[..., :2], axis=-1)
    corners = (eigenvalues[..., 0] > c.min_corner) & (eigenvalues[..., 0] > c.min_roundness * eigenvalues[..., 1])
    is_black = (snapshots.max(0) < c.dark) & (snapshots.std(0) < c.dark / 4)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (c.closing_px, c.closing_px))
    closed = cv2.morphologyEx(np.pad(stays.astype(np.uint8), c.closing_px, "edge"), cv2.MORPH_CLOSE, kernel)
    closed = closed[c.closing_px:-c.closing_px, c.closing_px:-c.closing_px] > 0
    overlay = _kept(closed & ~moves | stays, stays & corners, c) | _kept(is_black, is_black, c)
    if not overlay.any() or overlay.mean() > c.max_share:
        return np.zeros(stays.shape, bool)
    return cv2.dilate(overlay.astype(np.uint8), np.ones((2 * c.margin_px + 1,) * 2, np.uint8)) > 0


def _kept(candidates, evidence, config):
    """The connected parts of (h, w) candidates that are large enough, have evidence, and reach out of the middle."""
    height, width = candidates.shape
    count, labels, stats, centres = cv2.connectedComponentsWithStats(candidates.astype(np.uint8), connectivity=4)
    kept = np.zeros(candidates.shape, bool)
    for label in range(1, count):
        left, top, wide, high, area = stats[label]
        at_border = left == 0 or top == 0 or left + wide == width or top + high == height
        u, v = np.abs(centres[label] / (width, height) - 0.5)
        enough = (evidence & (labels == label)).sum() >= 0.25 * config.min_share * candidates.size
        if area >= config.min_share * candidates.size and enough and (at_border or max(u, v) > 0.25):
            kept |= labels == label
    return kept


def _fine(image, config):
    """Structure finer than the blur, which changes of exposure and light hardly touch."""
    return image - cv2.GaussianBlur(image, (0, 0), config.blur_px)


def _blocks(image):
    """(h, w) -> (n, BLOCK * BLOCK)"""
    rows, columns = (size // BLOCK for size in image.shape)
    cells = image[:rows * BLOCK, :columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2)
    return cells.reshape(rows * columns, -1)
