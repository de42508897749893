"""File names of the raw recordings of NYU Depth v2 (Silberman 2012), which hold the times."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from calib.base.errors import BadInputError
from calib.files.association import associate

MAX_TIME_OFFSET_S = 0.1
"""Colour and depth further apart are no pair to train on; the recorder stalls now and then."""
MAX_VIDEO_OFFSET_S = 0.02
"""Depth further from a frame of the video than this is left out: the camera has moved on. TUM's own tolerance."""


def video_frames(scene: Path) -> list[tuple[float, Path, Path | None]]:
    """Folder of one scene -> list of (time_s, colour path, path of the nearest depth), in time order.

    Every colour image is there, without a depth path where none is near. Raises BadInputError for a name without a
    time.
    """
    colour, depth = _colour_and_depth(scene)
    depths = list(depth.values())
    near = dict(zip(*associate(np.array(list(colour)), np.array(list(depth)), MAX_VIDEO_OFFSET_S)))
    return [(time_s, path, depths[near[k]] if k in near else None) for k, (time_s, path) in enumerate(colour.items())]


def colour_depth_pairs(scene: Path) -> list[tuple[float, Path, Path]]:
    """Folder of one scene -> list of (time_s, colour path, depth path) to train on, in time order.

    Each depth image goes with its closest colour image in time; colour images wanted by several are dropped (Eigen
    2014, section 4.1). Raises BadInputError for a name without a time.
    """
    colour, depth = _colour_and_depth(scene)
    colour_s, depth_s = np.array(list(colour)), np.array(list(depth))
    pairs = [(float(depth_s[i]), float(colour_s[j])) for i, j in zip(*associate(depth_s, colour_s, np.inf))]
    wanted = Counter(time_s for _, time_s in pairs)
    return [(time_s, colour[time_s], depth[other_s]) for other_s, time_s in pairs
            if wanted[time_s] == 1 and abs(time_s - other_s) <= MAX_TIME_OFFSET_S]


def _colour_and_depth(scene):
    """{time_s: path} of colour and of depth"""
    return [_by_time(scene.glob(pattern)) for pattern in ("r-*.ppm", "d-*.pgm")]


def _by_time(paths: Iterable[Path]) -> dict[float, Path]:
    """Paths -> {time_s: path} in time order; of several with one time, the first by name."""
    return dict(sorted({_time_s(path): path for path in sorted(paths, reverse=True)}.items()))


def _time_s(path: Path) -> float:
    """r-1294886362.238178-3118787619.ppm -> 1294886362.238178"""
    try:
        return float(path.name.split("-")[1])
    except (IndexError, ValueError):
        raise BadInputError(f"{path}: expected a name like r-1294886362.238178-3118787619.ppm") from None
