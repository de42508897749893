"""Coloured points from an image and its depth, and their PLY file."""

import cv2
import numpy as np

from calib.geometry.camera import Camera

MAX_PIXELS = 1_000_000
"""Most pixels that become points; larger images are resampled first."""
MIN_ANGLE_RAD = np.deg2rad(10.0)
"""Least angle between a surface and the ray; a flatter one is a depth edge that the network has smeared."""
COORDINATES, COLOURS = ("x", "y", "z"), ("red", "green", "blue")
POINT = np.dtype([(name, "<f4") for name in COORDINATES] + [(name, "u1") for name in COLOURS])


def point_cloud(rgb: np.ndarray, depth_m: np.ndarray, camera: Camera, detail_px: float = 1.0) -> np.ndarray:
    """(H, W, 3) uint8, (H, W) depth with 0 unknown, rectified Camera -> (N,) array of POINT in metres.

    Axes are the camera's: x right, y down, z forward. Unknown depth and flying points at depth edges are left out,
    and so is what lies between edges in strips narrower than two of `detail_px`, the size of a pixel of the network.
    """
    share = min(1.0, np.sqrt(MAX_PIXELS / depth_m.size))
    if share < 1:
        height, width = (max(1, int(side * share)) for side in depth_m.shape)
        rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
        depth_m = cv2.resize(depth_m, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        camera, detail_px = camera.resized((height, width)), detail_px * share
    kept = _without_strips((depth_m > 0) & ~is_edge(depth_m, camera), int(np.ceil(2 * detail_px)) - 1)
    points = np.empty(int(kept.sum()), POINT)
    points["x"], points["y"], points["z"] = camera.backproject(depth_m)[kept].T
    points["red"], points["green"], points["blue"] = rgb[kept].T
    return points


def _without_strips(kept, width_px):
    """(H, W) bool without the parts in which no square of `width_px` fits."""
    if width_px < 2:
        return kept
    square = np.ones((min(width_px, 31),) * 2, np.uint8)
    return cv2.morphologyEx(kept.astype(np.uint8), cv2.MORPH_OPEN, square).astype(bool)


def is_edge(depth_m: np.ndarray, camera: Camera) -> np.ndarray:
    """(H, W) -> bool: whether depth changes as steeply towards a neighbour as on a surface seen edge-on.

    On a surface whose normal makes the angle a with the ray, f |dz/du| / z = tan a near the image's middle.
    """
    steepest = np.zeros(depth_m.shape, np.float32)
    for axis, focal_px in ((0, abs(camera.fy)), (1, camera.fx)):
        before, after = ((slice(None),) * axis + (part,) for part in (slice(None, -1), slice(1, None)))
        near = np.maximum(np.minimum(depth_m[before], depth_m[after]), np.float32(1e-6))
        slope = np.float32(focal_px) * np.abs(depth_m[after] - depth_m[before]) / near
        np.maximum(steepest[before], slope, out=steepest[before])
        np.maximum(steepest[after], slope, out=steepest[after])
    return steepest > 1 / np.tan(MIN_ANGLE_RAD)


def ply_of(points: np.ndarray) -> bytes:
    """Bytes of a binary PLY of (N,) POINT."""
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(points)}"]
    header += [f"property float {name}" for name in COORDINATES] + [f"property uchar {name}" for name in COLOURS]
    return "\n".join([*header, "end_header\n"]).encode() + points.tobytes()
