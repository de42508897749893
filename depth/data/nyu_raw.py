"""NYU Depth v2's raw recordings: a folder of `r-TIME-ID.ppm` and `d-TIME-ID.pgm` per scene, paired and aligned here.

Each depth image goes with its closest colour image in time; where a colour image is wanted by several, the pairs are
dropped, and depths equal to the least or greatest of their image are masked out (Eigen 2014, section 4.1; 001, section
4). Depth is moved into the undistorted colour camera as by project_depth_map.m of the dataset's toolbox.
"""

import math
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from calib.errors import BadInputError
from depth.data.image_file import read_depth_u16, read_rgb
from depth.data.nyu_folder import NYU_CAMERA, NYU_LICENCE
from depth.data.sample import Sample
from depth.data.split import BLOCK, chosen

RGB_DISTORTION = (2.0796615318809061e-01, -5.8613825163911781e-01, 7.2231363135888329e-04, 1.0479627195765181e-03,
                  4.9856986684705107e-01)
DEPTH_K = np.array([[582.62448167737955, 0, 313.04475870804731], [0, 582.69103270988637, 238.44389626620386],
                    [0, 0, 1]])
DEPTH_DISTORTION = (-9.9897236553084481e-02, 3.9065324602765344e-01, 1.9290592870229277e-03, -1.9422022475975055e-03,
                    -5.1031725053400578e-01)
R_RGB_DEPTH = np.array([[9.9997798940829263e-01, 5.0518419386157446e-03, 4.3011152014118693e-03],
                        [-5.0359919480810989e-03, 9.9998051861143999e-01, -3.6879781309514218e-03],
                        [-4.3196624923060242e-03, 3.6662365748484798e-03, 9.9998394948385538e-01]]).T
T_RGB_DEPTH_M = -np.array([2.5031875059141302e-02, -2.9342312935846411e-04, 6.6238747008330102e-04])
DEPTH_NUMERATOR, DEPTH_OFFSET = 351.3, 1092.5
"""Metres are numerator / (offset - raw disparity). All from camera_params.m of the toolbox."""
MAX_DEPTH_M = 10.0


class NyuRaw:
    """See depth.data.sample.DepthDataset. Validation takes whole scenes; there is no test split."""

    border, farthest_m, protocol, licence = 0.0, math.inf, "nyu", NYU_LICENCE

    def __init__(self, folder, split="all"):
        self.folder = Path(folder)
        self.name = f"nyu_raw:{self.folder.name}"
        scenes = sorted({path.parent for path in self.folder.rglob("d-*.pgm")})
        pairs = [(number, *pair) for number, scene in enumerate(scenes) for pair in paired(scene)]
        if not pairs:
            raise BadInputError(f"{folder} has no raw NYU recordings: a folder of r-*.ppm and d-*.pgm for each scene")
        names = [str(rgb.relative_to(self.folder)) for _, rgb, _ in pairs]
        block_of_scene = [BLOCK * number for number, *_ in pairs]
        indices = chosen(names, block_of_scene, split, folder)
        self.names, self.pairs = [names[k] for k in indices], [pairs[k][1:] for k in indices]

    @staticmethod
    def recognises(folder):
        return any(Path(folder).rglob("d-*.pgm"))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        rgb_path, depth_path = self.pairs[index]
        rgb = cv2.undistort(read_rgb(rgb_path), NYU_CAMERA.K, np.array(RGB_DISTORTION))
        depth_m = registered(metres(read_depth_u16(depth_path).byteswap()))
        return Sample(rgb, NYU_CAMERA, depth_m, NYU_CAMERA)


def paired(scene):
    """Folder of one scene -> list of (colour path, depth path), in time order."""
    colour, depth = (sorted(scene.glob(pattern), key=_time_s) for pattern in ("r-*.ppm", "d-*.pgm"))
    if not colour:
        return []
    times_s = np.array([_time_s(path) for path in colour])
    nearest = [int(np.abs(times_s - _time_s(path)).argmin()) for path in depth]
    wanted = Counter(nearest)
    return [(colour[k], path) for k, path in zip(nearest, depth) if wanted[k] == 1]


def metres(raw):
    """(480, 640) raw disparity -> (480, 640) float32 metres, 0 where there is none, and at the least and greatest."""
    disparity = raw.astype(np.float32)
    known = disparity < DEPTH_OFFSET
    depth_m = np.where(known, DEPTH_NUMERATOR / np.where(known, DEPTH_OFFSET - disparity, 1), 0).astype(np.float32)
    depth_m[depth_m > MAX_DEPTH_M] = 0
    measured = depth_m[depth_m > 0]
    if measured.size:
        depth_m[(depth_m == measured.min()) | (depth_m == measured.max())] = 0
    return depth_m


def registered(depth_m):
    """(480, 640) depth of the depth camera -> the same seen by the colour camera; where two meet, the nearer one."""
    v, u = np.nonzero(depth_m)
    pixels = np.stack([u, v], -1).astype(np.float64)[:, None]
    if not len(pixels):
        return np.zeros(NYU_CAMERA.size, np.float32)
    plane = cv2.undistortPoints(pixels, DEPTH_K, np.array(DEPTH_DISTORTION))[:, 0]
    z = depth_m[v, u].astype(np.float64)
    p_rgb = np.column_stack([plane * z[:, None], z]) @ R_RGB_DEPTH.T + T_RGB_DEPTH_M
    p_rgb = p_rgb[p_rgb[:, 2] > 0]
    column, row = np.rint(NYU_CAMERA.project(p_rgb)).astype(int).T
    inside = (column >= 0) & (column < NYU_CAMERA.width) & (row >= 0) & (row < NYU_CAMERA.height)
    nearest = np.full(NYU_CAMERA.size, np.inf, np.float32)
    np.minimum.at(nearest, (row[inside], column[inside]), p_rgb[inside, 2].astype(np.float32))
    return np.where(np.isfinite(nearest), nearest, 0).astype(np.float32)


def _time_s(path):
    """r-1294886362.238178-3118787619.ppm -> 1294886362.238178"""
    try:
        return float(path.name.split("-")[1])
    except (IndexError, ValueError):
        raise BadInputError(f"{path}: expected a name like r-1294886362.238178-3118787619.ppm") from None
