"""How a benchmark measures: what networks are shown, which pixels count, the nearest and farthest depth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calib.base.errors import BadInputError

NYU_SIZE = 480, 640
EIGEN_NYU_ROWS, EIGEN_NYU_COLUMNS = (45, 471), (41, 601)
"""Part of 640x480 that projecting NYU's depth onto its colour image covers; from the code of Eigen 2014."""
GARG_ROWS, GARG_COLUMNS = (0.40810811, 0.99189189), (0.03594771, 0.96405229)
"""Crop of KITTI in shares of height and width. Garg 2016, as Godard 2017 (monodepth) made it the custom."""
MIDDLE_OF_NYU, MIDDLE_OF_KITTI = (228 / 240, 304 / 320), (172 / 184, 576 / 612)
"""Shares of height and width that Eigen 2014 and Laina 2016 show their networks: "a single center crop at scale 1"."""
EIGEN_KITTI_ROWS, EIGEN_KITTI_COLUMNS = (0.3324324, 0.91351351), (0.0359477, 0.96405229)
"""Crop of KITTI in shares of height and width. Eigen 2014, as Godard 2017 reproduced it."""


def whole_image(size: tuple[int, int]) -> np.ndarray:
    """Every pixel of an image of (height, width) -> boolean mask (height, width)."""
    return np.ones(size, bool)


def eigen_nyu_crop(size: tuple[int, int]) -> np.ndarray:
    """Pixels whose centres lie in Eigen's crop of NYU, which is given for 640x480 and scaled to other sizes."""
    rows, columns = (slice(*(int(np.ceil(edge * have / full - 0.5)) for edge in edges)) for edges, have, full
                     in zip((EIGEN_NYU_ROWS, EIGEN_NYU_COLUMNS), size, NYU_SIZE))
    return _mask(size, rows, columns)


def eigen_nyu_middle(size: tuple[int, int]) -> np.ndarray:
    """The part of Eigen's crop that a network sees which is shown the middle of the image."""
    return eigen_nyu_crop(size) & _middle(size, MIDDLE_OF_NYU)


def garg_crop(size: tuple[int, int]) -> np.ndarray:
    """The crop that most papers on KITTI use, to whole pixels downwards as in their code."""
    return _crop_of_shares(size, GARG_ROWS, GARG_COLUMNS)


def eigen_kitti_crop(size: tuple[int, int]) -> np.ndarray:
    """The older crop of Eigen 2014 on KITTI."""
    return _crop_of_shares(size, EIGEN_KITTI_ROWS, EIGEN_KITTI_COLUMNS)


def _middle(size, shown):
    """Mask of the pixels whose centres lie in the middle of an image, in shares of height and width."""
    rows, columns = (np.abs(np.arange(side) + 0.5 - side / 2) < share * side / 2 for side, share in zip(size, shown))
    return rows[:, None] & columns


def _crop_of_shares(size, rows, columns):
    top, bottom = (int(share * size[0]) for share in rows)
    left, right = (int(share * size[1]) for share in columns)
    return _mask(size, slice(top, bottom), slice(left, right))


def _mask(size, rows, columns):
    mask = np.zeros(size, bool)
    mask[rows, columns] = True
    return mask


@dataclass(frozen=True)
class Protocol:
    """How a benchmark measures."""

    crop: Callable[[tuple[int, int]], np.ndarray]
    """(height, width) -> boolean mask of the pixels that count."""
    max_depth_m: float
    """True depths beyond this do not count, and predictions are cut off at it."""
    min_depth_m: float = 1e-3
    """True depths nearer than this do not count, and predictions are raised to it."""
    note: str = ""
    """Crop and limits in words, for reports."""
    shown: tuple[float, float] = (1.0, 1.0)
    """Shares of height and width of the image, in its middle, that the network is shown."""
    is_stretched: bool = False
    """Whether the prediction for that middle is laid over the whole image, as if it had been shown."""

    def valid(self, ground_truth_m: np.ndarray) -> np.ndarray:
        """(h, w) ground truth, 0 where there is none -> boolean mask of the pixels that count."""
        is_within = (ground_truth_m > self.min_depth_m) & (ground_truth_m < self.max_depth_m)
        return self.crop(ground_truth_m.shape) & is_within

    def clipped(self, predicted_m: np.ndarray) -> np.ndarray:
        """Predictions within the limits."""
        return np.clip(predicted_m, self.min_depth_m, self.max_depth_m)


PROTOCOLS = {
    "nyu": Protocol(eigen_nyu_crop, 10.0 + 1e-3, note="Eigen's crop, up to 10 m"),
    "nyu-eigen": Protocol(eigen_nyu_middle, 10.0 + 1e-3, shown=MIDDLE_OF_NYU,
                          note="the middle 608x456 alone, as Eigen 2014 shows it, within Eigen's crop, up to 10 m"),
    "nyu-laina": Protocol(whole_image, np.inf, shown=MIDDLE_OF_NYU, is_stretched=True,
                          note="every pixel; what is predicted for the middle 608x456 is laid over the whole image, as "
                               "by the authors' evaluateNYU.m"),
    "all": Protocol(whole_image, 80.0, note="every pixel, up to 80 m"),
    "indoor": Protocol(whole_image, 10.0 + 1e-3, note="every pixel, up to 10 m"),
    "kitti": Protocol(garg_crop, 80.0, note="Garg's crop, up to 80 m"),
    "kitti-eigen": Protocol(eigen_kitti_crop, 80.0, note="Eigen's crop, up to 80 m"),
    "kitti-eigen-middle": Protocol(eigen_kitti_crop, 80.0, shown=MIDDLE_OF_KITTI,
                                   note="Eigen's crop, up to 80 m; the network is shown the middle, as by Eigen 2014"),
    "kitti-50": Protocol(garg_crop, 50.0, 1.0, note="Garg's crop, 1 to 50 m"),
    "make3d-c1": Protocol(whole_image, 70.0, note="C1 of Liu 2014: up to 70 m"),
    "make3d-c2": Protocol(whole_image, 81.0, note="C2 of Liu 2014: everything, the far end at 80 m included"),
}


def protocol_named(name: str) -> Protocol:
    """Name -> Protocol. Raises BadInputError for a name that is not in PROTOCOLS."""
    if name not in PROTOCOLS:
        raise BadInputError(f"no protocol {name!r}; there are {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
