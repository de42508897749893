"""Pictures of predictions: rows of image | ground truth | prediction | error, or many networks on the same images."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

TILE_SIZE = 180, 240
"""(height, width) of each picture."""
CAPTION_PX = 22
"""Height of the line of text above a row."""
MAX_ERROR = 0.5
"""Relative error that is drawn in the strongest colour."""
HEADINGS = ("image", "ground truth", "prediction", f"error (0 to {MAX_ERROR:.0%})")
ROW_TILES = len(HEADINGS)
NO_GROUND_TRUTH = 40
"""Grey of pixels without ground truth."""


class ContactSheet:
    """Collects rows; `image()` joins them."""

    def __init__(self) -> None:
        self.rows = [_text_row(HEADINGS)]

    def add(self, rgb: np.ndarray, ground_truth_m: np.ndarray, predicted_m: np.ndarray, valid: np.ndarray,
            caption: str) -> None:
        """Add a row: rgb (H, W, 3) uint8; ground truth, prediction and mask of the pixels that count, all (h, w)."""
        near, far = _limits_m(ground_truth_m, valid)
        error = np.abs(predicted_m - ground_truth_m) / np.where(valid, ground_truth_m, 1)
        tiles = [_fitted(rgb, cv2.INTER_AREA), _depth_tile(ground_truth_m, near, far, ground_truth_m > 0),
                 _depth_tile(predicted_m, near, far, predicted_m > 0),
                 _coloured(error / MAX_ERROR, cv2.COLORMAP_INFERNO, valid)]
        self.rows.append(_text_row([f"{caption}   depth {near:.1f} to {far:.1f} m"]))
        self.rows.append(np.hstack(tiles))

    def image(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        return np.vstack(self.rows)


class ComparisonSheet:
    """Predictions of many networks for the same images: rows of images, ground truth, and one for each network."""

    def __init__(self, images: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        """Begin with pairs of rgb (H, W, 3) uint8 and ground truth (h, w) in metres, 0 where unknown."""
        self.limits = [_limits_m(ground_truth_m, ground_truth_m > 0) for _, ground_truth_m in images]
        self.head = [_text_row(["images"], len(images)), np.hstack([_fitted(rgb, cv2.INTER_AREA) for rgb, _ in images]),
                     *self._row([depth_m for _, depth_m in images], "ground truth; colours reach from its nearest to "
                                                                    "its farthest depth in each image")]
        self.rows = []

    def add(self, depths_m: Iterable[np.ndarray], caption: str) -> None:
        """Add a network: its depth map (h, w) for each image."""
        self.rows.append(np.vstack(self._row(depths_m, caption)))

    def image(self, panels: int = 1) -> np.ndarray:
        """(H, W, 3) uint8 RGB: the networks in `panels` columns, images and ground truth above each."""
        each = -(-len(self.rows) // panels)
        blank = np.full_like(self.rows[0], 255) if self.rows else None
        padded = self.rows + [blank] * (each * panels - len(self.rows))
        return np.hstack([np.vstack([*self.head, *padded[k * each: (k + 1) * each]]) for k in range(panels)])

    def _row(self, depths_m, caption):
        tiles = [_depth_tile(depth_m, near, far, depth_m > 0) for depth_m, (near, far) in zip(depths_m, self.limits)]
        return _text_row([caption], len(tiles)), np.hstack(tiles)


def _limits_m(depth_m, known):
    """Nearest and farthest depth that colours tell apart: percentiles 1 and 99 of what is known."""
    return np.percentile(depth_m[known], (1, 99)) if known.any() else (0.0, 1.0)


def _depth_tile(depth_m, near, far, known):
    return _coloured((depth_m - near) / max(far - near, 1e-6), cv2.COLORMAP_TURBO, known)


def _coloured(share, colours, known):
    """(h, w) from 0 to 1 -> tile in colours, grey where unknown."""
    levels = (255 * np.clip(np.nan_to_num(share), 0, 1)).astype(np.uint8)
    tile = cv2.applyColorMap(levels, colours)[..., ::-1].copy()
    tile[~known] = NO_GROUND_TRUTH
    return _fitted(tile, cv2.INTER_NEAREST)


def _fitted(rgb, interpolation):
    """A picture of any size in the middle of a black tile."""
    scale = min(TILE_SIZE[0] / rgb.shape[0], TILE_SIZE[1] / rgb.shape[1])
    height, width = (max(1, round(side * scale)) for side in rgb.shape[:2])
    tile = np.zeros((*TILE_SIZE, 3), np.uint8)
    top, left = (TILE_SIZE[0] - height) // 2, (TILE_SIZE[1] - width) // 2
    tile[top: top + height, left: left + width] = cv2.resize(rgb, (width, height), interpolation=interpolation)
    return tile


def _text_row(texts, tiles=ROW_TILES):
    """A line of text above a row of tiles: one text at its beginning, or one above each tile."""
    row = np.full((CAPTION_PX, tiles * TILE_SIZE[1], 3), 255, np.uint8)
    for number, text in enumerate(texts):
        place = number * TILE_SIZE[1] + 6, CAPTION_PX - 7
        cv2.putText(row, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return row
