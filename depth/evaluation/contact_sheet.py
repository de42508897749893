"""Pictures of what networks do: one in rows image | truth | prediction | error, or many on the same few images."""

import cv2
import numpy as np

TILE = 180, 240
"""(height, width) of each picture."""
CAPTION = 22
"""Height of the line of text above a row."""
ERROR_LIMIT = 0.5
"""Relative error that is drawn in the strongest colour."""
HEADINGS = ("image", "truth", "prediction", f"error (0 to {ERROR_LIMIT:.0%})")
NO_TRUTH = 40
"""Grey of pixels without truth."""


class ContactSheet:
    """Collects rows; `image()` joins them."""

    def __init__(self):
        self.rows = [_text_row(HEADINGS)]

    def add(self, rgb, truth_m, predicted_m, valid, caption):
        """rgb (H, W, 3) uint8; truth, prediction and the mask of the pixels that count, all (h, w)."""
        near, far = np.percentile(truth_m[valid], (1, 99)) if valid.any() else (0.0, 1.0)
        error = np.abs(predicted_m - truth_m) / np.where(valid, truth_m, 1)
        tiles = [_fitted(rgb, cv2.INTER_AREA), _depth_tile(truth_m, near, far, truth_m > 0),
                 _depth_tile(predicted_m, near, far, predicted_m > 0),
                 _coloured(error / ERROR_LIMIT, cv2.COLORMAP_INFERNO, valid)]
        self.rows.append(_text_row([f"{caption}   depth {near:.1f} to {far:.1f} m"]))
        self.rows.append(np.hstack(tiles))

    def image(self):
        """(H, W, 3) uint8 RGB."""
        return np.vstack(self.rows)


class ComparisonSheet:
    """The same images by many networks: a row of images, one of their truth, then one for each network."""

    def __init__(self, images):
        """`images`: (rgb (H, W, 3) uint8, truth (h, w) in metres, 0 unknown) pairs."""
        self.limits = [np.percentile(truth_m[truth_m > 0], (1, 99)) if (truth_m > 0).any() else (0.0, 1.0)
                       for _, truth_m in images]
        self.head = [_text_row(["images"], len(images)), np.hstack([_fitted(rgb, cv2.INTER_AREA) for rgb, _ in images]),
                     *self._row([truth_m for _, truth_m in images], "truth; colours reach from its nearest to its "
                                                                    "farthest depth in each image")]
        self.rows = []

    def add(self, depths_m, caption):
        """One network: a depth map (h, w) for each image."""
        self.rows.append(np.vstack(self._row(depths_m, caption)))

    def image(self, panels=1):
        """(H, W, 3) uint8 RGB: the networks in so many columns, images and truth above each."""
        each = -(-len(self.rows) // panels)
        blank = np.full_like(self.rows[0], 255) if self.rows else None
        padded = self.rows + [blank] * (each * panels - len(self.rows))
        return np.hstack([np.vstack([*self.head, *padded[k * each: (k + 1) * each]]) for k in range(panels)])

    def _row(self, depths_m, caption):
        tiles = [_depth_tile(depth_m, near, far, depth_m > 0) for depth_m, (near, far) in zip(depths_m, self.limits)]
        return _text_row([caption], len(tiles)), np.hstack(tiles)


def _depth_tile(depth_m, near, far, known):
    return _coloured((depth_m - near) / max(far - near, 1e-6), cv2.COLORMAP_TURBO, known)


def _coloured(share, colours, known):
    """(h, w) from 0 to 1 -> tile in colours, grey where unknown."""
    levels = np.uint8(255 * np.clip(np.nan_to_num(share), 0, 1))
    tile = cv2.applyColorMap(levels, colours)[..., ::-1].copy()
    tile[~known] = NO_TRUTH
    return _fitted(tile, cv2.INTER_NEAREST)


def _fitted(rgb, interpolation):
    """A picture of any size in the middle of a black tile."""
    scale = min(TILE[0] / rgb.shape[0], TILE[1] / rgb.shape[1])
    height, width = (max(1, round(side * scale)) for side in rgb.shape[:2])
    tile = np.zeros((*TILE, 3), np.uint8)
    top, left = (TILE[0] - height) // 2, (TILE[1] - width) // 2
    tile[top: top + height, left: left + width] = cv2.resize(rgb, (width, height), interpolation=interpolation)
    return tile


def _text_row(texts, tiles=len(HEADINGS)):
    """One text at the beginning of a row of so many tiles, or one above each tile."""
    row = np.full((CAPTION, tiles * TILE[1], 3), 255, np.uint8)
    for number, text in enumerate(texts):
        place = number * TILE[1] + 6, CAPTION - 7
        cv2.putText(row, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return row
