"""Pictures of a board taken with a camera that is known exactly, lens and all."""

from functools import cache

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from calib.geometry.distortion import to_plane

FINER = 2
"""Samples per pixel along each axis."""
SQUARE_PX = 64


@cache
def rays_of(camera):
    """(FINER * height, FINER * width, 3) float32, z = 1."""
    v, u = np.mgrid[: FINER * camera.height, : FINER * camera.width]
    return np.insert(to_plane(camera, (np.stack([u, v], -1) + 0.5) / FINER - 0.5), 2, 1.0, axis=-1).astype(np.float32)


class BoardStudio:
    """Takes pictures of `board` with `camera`."""

    def __init__(self, board, camera):
        self.board, self.camera = board, camera
        self.texture = cv2.GaussianBlur(np.pad(board.picture(SQUARE_PX), SQUARE_PX, constant_values=255), (0, 0), 1.5)
        self.rays = rays_of(camera)

    def picture(self, turn_deg, shift, blur_px=0.0):
        """(H, W, 3) uint8 of the board, whose middle lies at `shift` (3,), in squares, turned by Euler angles (3,)."""
        R = Rotation.from_euler("xyz", turn_deg, degrees=True).as_matrix()
        middle = np.array([*self.board.squares, 0]) / 2
        homography = np.column_stack([R[:, 0], R[:, 1], np.asarray(shift) - R @ middle])  # (x, y, 1) of board -> camera
        x, y, w = (self.rays @ row for row in np.linalg.inv(homography).astype(np.float32))
        u, v = ((np.where(w > 0, value / np.maximum(w, 1e-9), -9) + 1) * SQUARE_PX - 0.5 for value in (x, y))
        fine = cv2.remap(self.texture, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR, borderValue=110)
        gray = cv2.resize(fine, (self.camera.width, self.camera.height), interpolation=cv2.INTER_AREA)
        gray = cv2.GaussianBlur(gray, (0, 0), blur_px) if blur_px else gray
        noise = np.random.default_rng(abs(hash(tuple(shift))) % 2**32).normal(0, 2, gray.shape)
        return np.repeat(np.clip(gray * 0.8 + 20 + noise, 0, 255).astype(np.uint8)[..., None], 3, -1)

    def walk(self, distance, spread):
        """Pictures of a board that is led over the image, leaning this way and that. Yields (H, W, 3) uint8."""
        places = [(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1)] + [(-0.5, 0.4), (0.5, -0.4), (0.3, 0.5), (-0.3, -0.5)]
        for index, (x, y) in enumerate(places):
            turn_deg = 28 * np.cos(2.4 * index), 28 * np.sin(2.4 * index), 12 * np.sin(index)
            yield self.picture(turn_deg, (x * spread[0], y * spread[1], distance * (1 + 0.15 * np.cos(1.7 * index))))
