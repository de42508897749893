"""Keyframes as posed images with depth: COLMAP's text model and the transforms.json of nerfstudio and instant-ngp."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from calib.files.image_file import encode_png
from calib.geometry import se3
from calib.geometry.camera import Camera
from calib.geometry.se3 import OPENGL, to_quaternion
from monofuse.maps.saved_map import SavedKeyframe

MM = 1000.0
"""Depth images hold millimetres."""
POINT_STEP = 8
"""Of the pixels of a keyframe's depth that become points of the sparse model."""


class PosedImage(NamedTuple):
    """One keyframe as others take it."""

    keyframe: SavedKeyframe

    @property
    def name(self) -> str:
        """Of its files, without folder and ending."""
        return f"{self.keyframe.row:06d}"

    def depth_file(self, camera: Camera) -> bytes:
        """PNG of 16 bits of the size of its image: millimetres, 0 where unknown."""
        rho = cv2.resize(self.keyframe.inverse_depth, camera.size[::-1], interpolation=cv2.INTER_NEAREST)
        depth_mm = np.where(rho > 0, MM / np.maximum(rho, 1e-6), 0)
        return encode_png(np.where(depth_mm < 65535, np.round(depth_mm), 0).astype(np.uint16))

    def points(self, camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """-> points (N, 3) in the world, colours (N, 3) uint8, pixels (N, 2) of the full-size image"""
        working = camera.resized(self.keyframe.inverse_depth.shape)
        rho = self.keyframe.inverse_depth[::POINT_STEP, ::POINT_STEP]
        v, u = np.nonzero(rho > 0)
        rays = working.rays()[::POINT_STEP, ::POINT_STEP][v, u]
        T = self.keyframe.T_world_key
        points = rays / rho[v, u, None] @ T[:3, :3].T + T[:3, 3]
        scale = np.array([camera.width / working.width, camera.height / working.height])
        pixels = (np.stack([u, v], 1) * POINT_STEP + 0.5) * scale - 0.5
        rgb = self.keyframe.rgb(camera)
        column, row = np.rint(pixels).astype(int).clip(0, [camera.width - 1, camera.height - 1]).T
        return points, rgb[row, column], pixels


def nerfstudio_files(images: Iterator[PosedImage], camera: Camera) -> Iterator[tuple[str, bytes]]:
    """-> transforms.json, images and depth images"""
    frames = []
    for image in images:
        yield f"images/{image.name}.jpg", image.keyframe.jpeg
        yield f"depth/{image.name}.png", image.depth_file(camera)
        frames.append({"file_path": f"images/{image.name}.jpg", "depth_file_path": f"depth/{image.name}.png",
                       "transform_matrix": (image.keyframe.T_world_key @ OPENGL).tolist()})
    yield "transforms.json", json.dumps({
        "camera_model": "OPENCV", "fl_x": camera.fx, "fl_y": camera.fy, "cx": camera.cx + 0.5, "cy": camera.cy + 0.5,
        "w": camera.width, "h": camera.height, "k1": 0.0, "k2": 0.0, "p1": 0.0, "p2": 0.0,
        "depth_unit_scale_factor": 1 / MM, "frames": frames}, indent=1).encode()


def colmap_files(images: Iterator[PosedImage], camera: Camera) -> Iterator[tuple[str, bytes]]:
    """-> sparse/0/{cameras,images,points3D}.txt, images and depth images; pixel centres lie at halves in COLMAP"""
    image_lines, point_lines = [], []
    for number, image in enumerate(images, 1):
        yield f"images/{image.name}.jpg", image.keyframe.jpeg
        yield f"depth/{image.name}.png", image.depth_file(camera)
        position, (x, y, z, w) = to_quaternion(se3.inverse(image.keyframe.T_world_key))
        first = len(point_lines) + 1
        points, colours, pixels = image.points(camera)
        image_lines.append(f"{number} {_numbers((w, x, y, z, *position))} 1 {image.name}.jpg")
        image_lines.append(" ".join(f"{u + 0.5:.2f} {v + 0.5:.2f} {first + k}" for k, (u, v) in enumerate(pixels)))
        point_lines += [f"{first + k} {_numbers(point)} {r} {g} {b} 1 {number} {k}"
                        for k, (point, (r, g, b)) in enumerate(zip(points, colours))]
    pinhole = camera.fx, camera.fy, camera.cx + 0.5, camera.cy + 0.5
    yield "sparse/0/cameras.txt", f"1 PINHOLE {camera.width} {camera.height} {_numbers(pinhole)}\n".encode()
    yield "sparse/0/images.txt", ("\n".join(image_lines) + "\n").encode()
    yield "sparse/0/points3D.txt", ("\n".join(point_lines) + "\n").encode()


def _numbers(values):
    return " ".join(f"{value:.9g}" for value in values)
