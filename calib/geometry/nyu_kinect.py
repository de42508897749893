"""The Kinect of NYU Depth v2: its two cameras, and what the numbers of its raw depth mean.

All numbers are from camera_params.m of the dataset's toolbox, the steps from its project_depth_map.m. Silberman 2012.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from calib.geometry.camera import Camera
from calib.geometry.distortion import to_pixels
from calib.geometry.registration import Registration

NYU_CAMERA = Camera(640, 480, 518.857901, 519.469611, 325.582449, 253.736166)
"""The colour camera without its distortion, as labelled and synchronised images come."""
NYU_RAW_CAMERA = replace(NYU_CAMERA, distortion=(
    2.0796615318809061e-01, -5.8613825163911781e-01, 7.2231363135888329e-04, 1.0479627195765181e-03,
    4.9856986684705107e-01))
"""The colour camera of the raw recordings."""
NYU_BORDER_PX = 8
"""Width of the white frame around labelled and synchronised images."""
DEPTH_CAMERA = Camera(640, 480, 582.62448167737955, 582.69103270988637, 313.04475870804731, 238.44389626620386, (
    -9.9897236553084481e-02, 3.9065324602765344e-01, 1.9290592870229277e-03, -1.9422022475975055e-03,
    -5.1031725053400578e-01))
T_COLOUR_DEPTH = np.eye(4)
T_COLOUR_DEPTH[:3, :3] = np.array([
    [9.9997798940829263e-01, 5.0518419386157446e-03, 4.3011152014118693e-03],
    [-5.0359919480810989e-03, 9.9998051861143999e-01, -3.6879781309514218e-03],
    [-4.3196624923060242e-03, 3.6662365748484798e-03, 9.9998394948385538e-01]]).T
T_COLOUR_DEPTH[:3, 3] = -2.5031875059141302e-02, 2.9342312935846411e-04, -6.6238747008330102e-04
DEPTH_NUMERATOR, DEPTH_OFFSET = 351.3, 1092.5
"""Metres are numerator / (offset - raw disparity)."""
MAX_DEPTH_M = 10.0
TOOLBOX_MIN_DISPARITY = 600
"""Below this, which is nearer than 0.71 m, the toolbox takes disparities for faults of its undistortion."""


def metres(raw: np.ndarray, min_disparity: int = 0) -> np.ndarray:
    """(480, 640) uint16 as OpenCV reads d-*.pgm -> (480, 640) float32 metres, 0 where there is none.

    The recorder wrote 11-bit disparities with their bytes the other way round; 2047 is none, and those below
    `min_disparity` are left out. The smallest and largest depth of an image are no measurements (Eigen 2014, section
    4.1).
    """
    disparity = raw.byteswap().astype(np.float32)
    known = (disparity > 0) & (disparity >= min_disparity) & (disparity < DEPTH_OFFSET)
    depth_m = np.where(known, DEPTH_NUMERATOR / np.where(known, DEPTH_OFFSET - disparity, 1), 0).astype(np.float32)
    depth_m[depth_m > MAX_DEPTH_M] = 0
    measured = depth_m[depth_m > 0]
    if measured.size:
        depth_m[(depth_m == measured.min()) | (depth_m == measured.max())] = 0
    return depth_m


def registered(depth_m: np.ndarray) -> np.ndarray:
    """(480, 640) depth of the depth camera -> the same seen by NYU_CAMERA, 0 along the border that colour lacks."""
    return np.where(_coloured(), _registration().apply(depth_m), np.float32(0))


@cache
def _registration():
    return Registration(DEPTH_CAMERA, T_COLOUR_DEPTH, NYU_CAMERA)


@cache
def _coloured():
    """(480, 640) mask of the pixels of NYU_CAMERA that the distorted colour image shows."""
    u, v = np.moveaxis(to_pixels(NYU_RAW_CAMERA, NYU_CAMERA.rays()[..., :2]), -1, 0)
    return (u >= 0) & (u <= NYU_CAMERA.width - 1) & (v >= 0) & (v <= NYU_CAMERA.height - 1)
