"""What is unknown of the camera, and where it puts a point of the world, with derivatives."""

from typing import NamedTuple

import numpy as np

LENS = ("log_focal", "centre_x", "centre_y", "k1", "k2", "readout")
"""Unknowns: logarithm of the focal length in image widths, shift of the principal point from the middle of the image in
image widths, radial distortion, and the part of a frame's interval that reading its rows takes (rolling shutter)."""


class Projection(NamedTuple):
    """Points as they appear in images, N in all."""

    uv: np.ndarray
    """(N, 2) in image widths from the middle."""
    depth: np.ndarray
    """(N,) along the optical axis; what is not positive lies behind the camera."""
    duv_dpose: np.ndarray | None = None
    """(N, 2, 6) by an increment (v, omega): t <- t + v, R <- exp(omega) R."""
    duv_dlens: np.ndarray | None = None
    """(N, 2, 6)"""
    duv_dpoint: np.ndarray | None = None
    """(N, 2, 4)"""


def project(R: np.ndarray, t: np.ndarray, X: np.ndarray, lens: np.ndarray, sheared: np.ndarray,
            derivatives: bool = False) -> Projection:
    """Points X (N, 4), homogeneous, seen by cameras R (N, 3, 3), t (N, 3) -> Projection.

    Homogeneous points may lie at infinity, so that a camera that only turns is no special case. sheared (N, 2): the
    image motion within a frame's interval times the height of the row, from -0.5 to 0.5. To first order it is by how
    much a rolling shutter displaces a point whose rows are read in a whole interval.
    """
    turned, shifted = np.einsum("nij,nj->ni", R, X[:, :3]), t * X[:, 3:]
    p_cam = turned + shifted
    with np.errstate(divide="ignore", invalid="ignore"):
        xy = p_cam[:, :2] / p_cam[:, 2:]
    focal, centre, (k1, k2), readout = np.exp(lens[0]), lens[1:3], lens[3:5], lens[5]
    r2 = np.einsum("ni,ni->n", xy, xy)[:, None]
    bent = focal * xy * (1 + k1 * r2 + k2 * r2 * r2)
    uv = bent + centre + readout * sheared
    if not derivatives:
        return Projection(uv, p_cam[:, 2])
    duv_dxy = focal * ((1 + k1 * r2 + k2 * r2 * r2)[:, :, None] * np.eye(2)
                       + 2 * (k1 + 2 * k2 * r2)[:, :, None] * xy[:, :, None] * xy[:, None, :])
    dxy_dpcam = np.zeros((len(X), 2, 3))
    dxy_dpcam[:, 0, 0] = dxy_dpcam[:, 1, 1] = 1 / p_cam[:, 2]
    dxy_dpcam[:, :, 2] = -xy / p_cam[:, 2:]
    duv_dpcam = duv_dxy @ dxy_dpcam
    duv_dpose = np.concatenate([duv_dpcam * X[:, 3, None, None], np.cross(turned[:, None], duv_dpcam)], 2)
    duv_dlens = np.zeros((len(X), 2, len(LENS)))
    duv_dlens[:, :, 0] = bent
    duv_dlens[:, 0, 1] = duv_dlens[:, 1, 2] = 1
    duv_dlens[:, :, 3], duv_dlens[:, :, 4], duv_dlens[:, :, 5] = focal * xy * r2, focal * xy * r2 * r2, sheared
    duv_dpoint = duv_dpcam @ np.concatenate([R, t[:, :, None]], 2)
    return Projection(uv, p_cam[:, 2], duv_dpose, duv_dlens, duv_dpoint)
