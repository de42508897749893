"""A room that can be drawn exactly: the inside of a box with a smooth texture, ray-cast in closed form."""

import functools
from dataclasses import replace

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from sequences.frame import DepthImage, Frame

CAMERA = Camera(160, 120, 140.0, 140.0, 79.5, 59.5)
HALF_SIZE_M = np.array([2.0, 1.5, 2.5])
"""Walls at +- these; the camera starts near the middle."""


def texture(points):
    """(..., 3) world points -> (..., 3) colours in 0..1 with structure at several scales."""
    x, y, z = np.moveaxis(points, -1, 0)
    waves = [np.sin(f * x + 2 * g) + np.sin(f * y + g) + np.sin(f * z + 3 * g) + np.sin(0.7 * f * (x + y - z))
             for g, f in enumerate((3.0, 11.0, 31.0))]
    gray = 0.5 + 0.04 * waves[0] + 0.04 * waves[1] + 0.04 * waves[2]
    return np.clip(np.stack([gray, 0.9 * gray + 0.03, 0.8 * gray + 0.1], -1), 0, 1)


def speckled(points, cell_m=0.08):
    """(..., 3) world points -> (...) values in -0.5..0.5, one per cube of this size: corners for features."""
    cells = np.floor(points / cell_m).astype(int)
    return ((cells @ [73856093, 19349663, 83492791]) % 97) / 97 - 0.5


def cast(T_world_cam, camera=CAMERA):
    """-> depth (h, w) in metres and hit points (h, w, 3) in the world."""
    directions = camera.rays() @ T_world_cam[:3, :3].T
    with np.errstate(divide="ignore"):
        distance = (np.sign(directions) * HALF_SIZE_M - T_world_cam[:3, 3]) / directions
    depth_m = np.where(directions == 0, np.inf, distance).min(-1)
    return depth_m, T_world_cam[:3, 3] + depth_m[..., None] * directions


def picture(T_world_cam, camera=CAMERA, gain=1.0, bias=0.0):
    """-> rgb (h, w, 3) uint8 and depth (h, w) float32."""
    rgb, depth_m = _drawn(np.asarray(T_world_cam, np.float64).tobytes(), camera, gain, bias)
    return rgb.copy(), depth_m.copy()


@functools.lru_cache(maxsize=256)
def _drawn(T_world_cam, camera, gain, bias):
    """A picture by the bytes of its pose: many tests take the same walk."""
    depth_m, points = cast(np.frombuffer(T_world_cam).reshape(4, 4), camera)
    rgb = np.clip(gain * texture(points) + bias, 0, 1)
    return np.round(255 * rgb).astype(np.uint8), depth_m.astype(np.float32)


def frame(index, T_world_cam, camera=CAMERA, rgb=None, depth_scale=1.0, **light):
    """A Frame whose depth is exact up to depth_scale; `rgb` in place of what the camera would see."""
    seen, depth_m = picture(T_world_cam, camera, **light)
    return Frame(index, index / 30, seen if rgb is None else rgb,
                 DepthImage(depth_m * np.float32(depth_scale), camera), T_world_cam_true=T_world_cam)


def speckled_frame(index, T_world_cam, camera, depth_scale=1.0):
    """A Frame of the box with speckles all over its walls."""
    depth_m, points = cast(T_world_cam, camera)
    rgb = np.clip(texture(points) + 0.3 * speckled(points)[..., None], 0, 1)
    depth = DepthImage((depth_m * depth_scale).astype(np.float32), camera)
    return Frame(index, index / 30, np.round(255 * rgb).astype(np.uint8), depth, T_world_cam_true=T_world_cam)


def bent_frames(poses):
    """Frames whose depth is off by a tenth or two in a smooth way, in another way every few frames."""
    rng = np.random.default_rng(1)
    v, u = np.mgrid[-1:1:120j, -1:1:160j]
    for i, T in enumerate(poses):
        if i % 5 == 0:
            a, b, c = rng.normal(0, 0.12, 3)
        exact = frame(i, T)
        bent = exact.depth.depth_m * np.exp(a * u + b * v + c * u * v).astype(np.float32)
        yield replace(exact, depth=DepthImage(bent, CAMERA))


def turn(count, angle_rad, radius_m=0.3):
    """`count` camera poses (4, 4) on a circle, looking outward, from the identity through this angle."""
    start = se3.exp(np.array([0, 0, radius_m, 0, 0, 0]))
    T = [se3.exp(np.array([0, 0, 0, 0, angle, 0])) @ start for angle in np.linspace(0, angle_rad, count)]
    return list(se3.inverse(start) @ np.array(T))


def walk(count, step=(0.006, -0.002, 0.01, 0.002, 0.006, -0.001)):
    """`count` camera poses (4, 4) from the identity, each one step further and turning back half-way."""
    T = [np.eye(4)]
    for i in range(1, count):
        T.append(T[-1] @ se3.exp(np.array(step) * (1 if i <= count // 2 else -1)))
    return T
