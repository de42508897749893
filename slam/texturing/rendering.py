"""Pictures of a textured mesh."""

import numpy as np

from calib.geometry.camera import Camera
from slam.texturing.sampling import sampled
from slam.texturing.surface import projected, seen_rows
from slam.texturing.texture import TexturedMesh

BLOCK = 250_000
"""Pixels that are looked up at once."""


def render(mesh: TexturedMesh, T_world_cam: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """The mesh's front from a pinhole -> (h, w, 3) float32 in 0..255, and (h, w) int32 rows of triangles or -1"""
    corners = projected(mesh.vertices.astype(np.float64), T_world_cam, camera)
    rows, _ = seen_rows(corners, mesh.triangles, camera.size, both_sides=False)
    return texture_at(mesh, corners, rows, is_perspective=True), rows


def texture_at(mesh: TexturedMesh, corners: np.ndarray, rows: np.ndarray, is_perspective: bool) -> np.ndarray:
    """Texture of the pixels that show triangles `rows` (h, w), -1 for none -> (h, w, 3) float32, 0 there

    corners (V, 3): pixel u, v, and inverse depth if is_perspective."""
    image = np.zeros((rows.size, 3), np.float32)
    covered = np.flatnonzero(rows.ravel() >= 0)
    for start in range(0, len(covered), BLOCK):
        pixels = covered[start: start + BLOCK]
        corner = mesh.triangles[rows.ravel()[pixels]]
        shares = corner_shares(corners, corner, pixels, rows.shape[1], is_perspective)
        place = np.einsum("nk,nkc->nc", shares, mesh.uv[corner]) * mesh.image.shape[1::-1] - 0.5
        image[pixels] = sampled(mesh.image, place)
    return image.reshape(*rows.shape, 3)


def corner_shares(corners: np.ndarray, corner: np.ndarray, pixels: np.ndarray, width: int, is_perspective: bool
                  ) -> np.ndarray:
    """-> (n, 3) barycentric coordinates of `pixels` (n,), counted along rows of `width`, in triangles of corners
    `corner` (n, 3); see texture_at"""
    v, u = np.divmod(pixels, width)
    a, b, c = np.moveaxis(corners[corner].astype(np.float64), 1, 0)
    (bu, bv), (cu, cv), (du, dv) = (b - a).T[:2], (c - a).T[:2], (u - a[:, 0], v - a[:, 1])
    area = bu * cv - bv * cu
    share_b, share_c = (du * cv - dv * cu) / area, (bu * dv - bv * du) / area
    shares = np.stack([1 - share_b - share_c, share_b, share_c], 1)
    if is_perspective:
        shares *= np.stack([a[:, 2], b[:, 2], c[:, 2]], 1)
    return shares / shares.sum(1, keepdims=True)
