"""Depth as colours, with a scale that says which colour is how many metres."""

import cv2
import numpy as np

UNKNOWN = 40
"""Grey of pixels without depth."""
SCALE_HEIGHT = 44
"""Rows below the picture: a bar of colours and its numbers."""
LEAST_WIDTH = 240
"""A narrower picture gets an edge on its right, so that the scale can be read."""
MARKS = 5


def coloured_depth(depth_m, kind="log", limits_m=None):
    """(H, W) depth, 0 unknown -> (H + SCALE_HEIGHT, at least W, 3) uint8 RGB, near blue and far red (turbo).

    `kind`: steps of colour are equal in `log` or in `linear` depth. `limits_m`: (near, far) of the ends of the scale;
    by default the 1st and the 99th percentile.
    """
    near_m, far_m = limits_m or _limits(depth_m)
    picture = _turbo(_share(depth_m, near_m, far_m, kind))
    picture[depth_m <= 0] = UNKNOWN
    picture = cv2.copyMakeBorder(picture, 0, 0, 0, max(0, LEAST_WIDTH - picture.shape[1]), cv2.BORDER_CONSTANT,
                                 value=(255, 255, 255))
    return np.vstack([picture, _scale(picture.shape[1], near_m, far_m, kind)])


def _limits(depth_m):
    known = depth_m[depth_m > 0]
    if not known.size:
        return 1.0, 10.0
    near_m, far_m = np.percentile(known[:: max(1, known.size // 1_000_000)], (1, 99))
    return float(near_m), float(max(far_m, 1.01 * near_m))


def _share(depth_m, near_m, far_m, kind):
    """Where a depth lies on the way from near to far: 0 to 1."""
    if kind == "linear":
        return np.clip((depth_m - near_m) / (far_m - near_m), 0, 1)
    return np.clip(np.log(np.maximum(depth_m, 1e-6) / near_m) / np.log(far_m / near_m), 0, 1)


def _turbo(share):
    return np.ascontiguousarray(cv2.applyColorMap(np.uint8(np.round(255 * share)), cv2.COLORMAP_TURBO)[..., ::-1])


def _scale(width, near_m, far_m, kind):
    """A bar from near to far with MARKS numbers below it, all on white."""
    scale = np.full((SCALE_HEIGHT, width, 3), 255, np.uint8)
    left, right = 24, width - 25
    scale[6:20, left: right + 1] = _turbo(np.linspace(0, 1, right - left + 1)[None])
    for share in np.linspace(0, 1, MARKS):
        value_m = near_m + share * (far_m - near_m) if kind == "linear" else near_m * (far_m / near_m) ** share
        column = round(left + share * (right - left))
        scale[20:24, column] = 0
        text = f"{value_m:.3g}" + (" m" if share == 1 else "")
        text_width = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)[0][0]
        cv2.putText(scale, text, (min(column - text_width // 2, width - text_width - 1), 38),
                    cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return scale
