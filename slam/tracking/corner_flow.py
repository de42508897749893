"""The flow of corners from one image to another, and the camera's motion that explains most of it.

From an image to one shortly before, a static point at (x, y) on the plane z = 1 moves with the twist (v, omega) of the
camera (Longuet-Higgins and Prazdny 1980),

    flow = s rho A v + B omega,    A = [1 0 -x; 0 1 -y],    B = [-xy 1+x^2 -y; -(1+y^2) xy x]

where rho is its predicted inverse depth, and s is about one but for the network's errors.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from calib.geometry.camera import Camera
from slam.kernels.corner_flow import nearest_flow

DAMPING = 1e-3
"""Information on each unknown beforehand: without translation, say, a motion is underdetermined."""
REFINEMENTS = 3
STRETCH_COST = 0.8
"""Share of its vote that a corner loses whose depth has to be as wrong as it may be: else a motion towards one side
would explain nearly any flow to that side."""


@dataclass(frozen=True)
class CornerFlowConfig:
    """Settings of the flow of corners; lengths in pixels of the working size."""

    corners: int = 250
    """Corners per image, at most."""
    spacing_px: float = 9.0
    """Distance between them, at least."""
    quality: float = 0.002
    """Strength of a corner, as a share of that of the strongest."""
    window_px: int = 13
    """Size of the window that is looked for in the other image."""
    max_return_px: float = 0.5
    """How far from where it started a corner may end that is followed there and back."""
    stretch: float = 3.0
    """Factor by which the predicted depth of a corner may be wrong, either way."""
    tolerance_px: float = 0.7
    """Residual flow up to which a corner agrees with a motion."""
    relative_tolerance: float = 0.1
    """The same, as a share of the corner's flow."""
    samples: int = 80
    """Motions that are tried."""


class CornerFlow(NamedTuple):
    """Corners of an image, and where they were before."""

    jacobian: np.ndarray
    """(n, 2, 6) derivatives of the flow by the camera's twist, for the predicted depth."""
    flow_px: np.ndarray
    """(n, 2)."""
    tolerance_px: np.ndarray
    """(n,) residual flow up to which a corner agrees with a motion."""
    votes: np.ndarray
    """(n,) weight of each corner."""


class CameraMotion(NamedTuple):
    """The motion that gets most votes."""

    twist: np.ndarray
    """(6,) v in the predicted depth's metres, and omega: of the second camera, as the first sees it."""
    agrees: np.ndarray
    """(n,) bool: corners that follow it."""
    agreement: float
    """Share of the votes for it."""


def tracked_corners(before: np.ndarray, gray: np.ndarray, usable: np.ndarray | None,
                    config: CornerFlowConfig) -> tuple[np.ndarray, np.ndarray]:
    """Corners of an image (h, w) uint8 -> (n, 2) u, v in the image before, and in this one (Lucas and Kanade 1981)"""
    corners = cv2.goodFeaturesToTrack(gray, config.corners, config.quality, config.spacing_px, mask=usable)
    if corners is None:
        return np.zeros((0, 2)), np.zeros((0, 2))
    there, found = _followed(gray, before, corners, config)
    back, found_back = _followed(before, gray, there, config)
    good = found & found_back & (np.abs(back - corners).max((1, 2)) < config.max_return_px)
    return there[good, 0].astype(np.float64), corners[good, 0].astype(np.float64)


def _followed(gray, other, corners, config):
    there, found, _ = cv2.calcOpticalFlowPyrLK(gray, other, corners, np.empty_like(corners),
                                               winSize=(config.window_px, config.window_px), maxLevel=3)
    return there, found.ravel() > 0


def corner_flow(before: np.ndarray, pixels: np.ndarray, rho: np.ndarray, votes: np.ndarray, camera: Camera,
                config: CornerFlowConfig) -> CornerFlow:
    """Places (n, 2) before and now, predicted inverse depth (n,) and votes (n,) -> CornerFlow"""
    focal = np.array([camera.fx, camera.fy])
    x, y = ((pixels - (camera.cx, camera.cy)) / focal).T
    one, zero = np.ones_like(x), np.zeros_like(x)
    A = rho[:, None, None] * np.stack([np.stack([one, zero, -x], -1), np.stack([zero, one, -y], -1)], 1)
    B = np.stack([np.stack([-x * y, 1 + x * x, -y], -1), np.stack([-1 - y * y, x * y, x], -1)], 1)
    flow_px = before - pixels
    tolerance_px = config.tolerance_px + config.relative_tolerance * np.linalg.norm(flow_px, axis=1)
    return CornerFlow(np.concatenate([A, B], -1) * focal[:, None], flow_px, tolerance_px, votes)


def agreeing(flow: CornerFlow, twist: np.ndarray, stretch: float) -> np.ndarray:
    """(n,) bool: corners that follow a twist (6,), their inverse depths being wrong by up to `stretch` either way"""
    return _residuals(flow, twist[None], stretch)[0][0] < flow.tolerance_px


def share_of_votes(flow: CornerFlow, agrees: np.ndarray) -> float:
    """Share of the votes of some corners, (n,) bool."""
    return float(agrees @ flow.votes / flow.votes.sum())


def camera_motion(flow: CornerFlow, config: CornerFlowConfig) -> CameraMotion:
    """The motion that gets most votes, of those that three corners give (RANSAC, Fischler and Bolles 1981)."""
    rng = np.random.default_rng(len(flow.flow_px))  # the same images must give the same map
    rows = rng.integers(0, len(flow.flow_px), (config.samples, 3))
    twists = _solved(flow.jacobian[rows].reshape(-1, 6, 6), flow.flow_px[rows].reshape(-1, 6))
    scores = _scores(flow, twists, config.stretch)
    twist, score = twists[scores.argmax()], scores.max()
    for _ in range(REFINEMENTS):
        _, factor = _residuals(flow, twist[None], config.stretch)
        agrees = agreeing(flow, twist, config.stretch)
        scaled = flow.jacobian.copy()
        scaled[..., :3] *= np.sqrt(factor[0, :, None, None])  # half-way: the depths are not to follow any motion
        refined = _solved(scaled[agrees].reshape(1, -1, 6), flow.flow_px[agrees].reshape(1, -1))
        if (refined_score := _scores(flow, refined, config.stretch)[0]) <= score:
            break
        twist, score = refined[0], refined_score
    agrees = agreeing(flow, twist, config.stretch)
    return CameraMotion(twist, agrees, share_of_votes(flow, agrees))


def _scores(flow, twists, stretch):
    """Votes (m,) for m twists (m, 6), less where depths have to be other than predicted."""
    residuals, factor = _residuals(flow, twists, stretch)
    confidence = 1 - STRETCH_COST * np.abs(np.log(factor)) / np.log(stretch)
    return np.where(residuals < flow.tolerance_px, confidence, 0) @ flow.votes


def _solved(J, d):
    """Least squares of m problems J (m, r, 6), d (m, r) -> (m, 6)"""
    JT = J.swapaxes(1, 2)
    return np.linalg.solve(JT @ J + DAMPING * np.eye(6), JT @ d[..., None])[..., 0]


def _residuals(flow, twists, stretch):
    """Distances (m, n) of flows from what m twists allow, and the factors (m, n) on inverse depth nearest to them."""
    residuals_px, factor = np.empty((2, len(twists), len(flow.votes)))
    nearest_flow(flow.jacobian, flow.flow_px, twists, stretch, residuals_px, factor)
    return residuals_px, factor
