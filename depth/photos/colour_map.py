"""Depth and errors as colours, with a scale that says which colour is how much."""

from typing import NamedTuple

import cv2
import numpy as np

UNKNOWN = 40
"""Grey value of pixels without depth."""
SCALE_HEIGHT_PX = 44
"""Height of the part below the picture: a bar of colours and its numbers."""
MIN_WIDTH_PX = 240
"""Width below which a picture gets an edge on its right, so that the scale can be read."""
MARK_COUNT = 5
ERROR_LIMITS = 1.0, 100.0
"""Errors in per cent at the ends of their scale of colours."""


class Scale(NamedTuple):
    """From values to colours: equal steps are equal in `log` or in `linear` values, as `kind` says."""

    low: float
    high: float
    kind: str
    unit: str
    colours: int
    """Colour map: one of OpenCV's COLORMAP_..."""

    def share(self, values: np.ndarray) -> np.ndarray:
        """Place of each value on the way from low to high: 0 to 1."""
        if self.kind == "linear":
            return np.clip((values - self.low) / (self.high - self.low), 0, 1)
        return np.clip(np.log(np.maximum(values, 1e-6) / self.low) / np.log(self.high / self.low), 0, 1)

    def value(self, share: float) -> float:
        """Value at a place on the way from low to high."""
        if self.kind == "linear":
            return self.low + share * (self.high - self.low)
        return self.low * (self.high / self.low) ** share

    def paint(self, share: np.ndarray) -> np.ndarray:
        """(H, W) places from 0 to 1 -> (H, W, 3) uint8 RGB."""
        levels = np.round(255 * share).astype(np.uint8)
        return np.ascontiguousarray(cv2.applyColorMap(levels, self.colours)[..., ::-1])


def coloured_depth(depth_m: np.ndarray, kind: str = "log", limits_m: tuple[float, float] | None = None) -> np.ndarray:
    """(H, W) depth, 0 unknown -> (H + SCALE_HEIGHT_PX, at least W, 3) uint8 RGB, near blue and far red (turbo).

    `kind`: steps of colour are equal in `log` or in `linear` depth. `limits_m`: (near, far) of the ends of the scale;
    by default the 1st and the 99th percentile.
    """
    low, high = limits_m or _limits(depth_m)
    return _coloured(depth_m, depth_m > 0, Scale(low, high, kind, " m", cv2.COLORMAP_TURBO))


def coloured_error(log_error: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(H, W) log of relative errors and mask -> RGB of the size that depth gets, from dark (1 %) to bright (100 %)."""
    low, high = ERROR_LIMITS
    return _coloured(100 * np.exp(log_error), known, Scale(low, high, "log", " %", cv2.COLORMAP_INFERNO))


def _coloured(values, known, scale):
    picture = scale.paint(scale.share(values))
    picture[~known] = UNKNOWN
    picture = cv2.copyMakeBorder(picture, 0, 0, 0, max(0, MIN_WIDTH_PX - picture.shape[1]), cv2.BORDER_CONSTANT,
                                 value=(255, 255, 255))
    return np.vstack([picture, _bar(picture.shape[1], scale)])


def _limits(depth_m):
    known = depth_m[depth_m > 0]
    if not known.size:
        return 1.0, 10.0
    near_m, far_m = np.percentile(known[:: max(1, known.size // 1_000_000)], (1, 99))
    return float(near_m), float(max(far_m, 1.01 * near_m))


def _bar(width, scale):
    """A bar from low to high with MARK_COUNT numbers below it, all on white."""
    bar = np.full((SCALE_HEIGHT_PX, width, 3), 255, np.uint8)
    left, right = 24, width - 25
    bar[6:20, left: right + 1] = scale.paint(np.linspace(0, 1, right - left + 1)[None])
    for share in np.linspace(0, 1, MARK_COUNT):
        column = round(left + share * (right - left))
        bar[20:24, column] = 0
        text = f"{scale.value(share):.3g}" + (scale.unit if share == 1 else "")
        text_width = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)[0][0]
        cv2.putText(bar, text, (min(column - text_width // 2, width - text_width - 1), 38),
                    cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return bar
