"""Parts of the image that move on their own, such as a person: found from the flow of corners, before tracking.

From an image to one shortly before, a static point at (x, y) on the plane z = 1 moves with the twist (v, omega) of the
camera (Longuet-Higgins and Prazdny 1980),

    flow = s rho A v + B omega,    A = [1 0 -x; 0 1 -y],    B = [-xy 1+x^2 -y; -(1+y^2) xy x]

where rho is its predicted inverse depth, and s is about one but for the network's errors. The motion that most of the
image agrees with is the camera's (RANSAC, Fischler and Bolles 1981). What is off the line that s moves along belongs to
something else. One pair of images says little, so evidence is gathered over several.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera

if TYPE_CHECKING:
    from slam.tracking.image import Image


@dataclass(frozen=True)
class MovingPartsConfig:
    """Settings of MovingParts; lengths in pixels of the working size."""

    interval: int = 3
    """Images from one to the one that it is compared with: what moves slowly needs time to be seen."""
    corners: int = 300
    """Corners per image, at most."""
    spacing_px: float = 9.0
    """Distance between them, at least, so that they stand for equal areas."""
    quality: float = 0.002
    """Strength of a corner, as a share of that of the strongest."""
    min_corners: int = 60
    """Corners that a verdict needs."""
    samples: int = 120
    """Motions that are tried."""
    cell_px: int = 40
    """Size of the cells that have one vote each on the camera's motion: who fills the image with corners has not won."""
    trust: float = 0.9
    """Share of its vote that a corner loses where everything moved in the last images."""
    stretch: float = 3.0
    """Factor by which the predicted depth of a corner may be wrong, either way."""
    tolerance_px: float = 0.7
    """Residual flow up to which a corner agrees with a motion."""
    relative_tolerance: float = 0.1
    """The same, as a share of the corner's flow."""
    memory: float = 0.85
    """Weight of what was seen before, against that of the last image."""
    reach_px: float = 10.0
    """Standard deviation of the neighbourhood that a corner speaks for."""
    doubt: float = 0.6
    """Static corners that are added to those seen around, against single wrong ones."""
    min_moving: float = 0.6
    """Share of moving corners around, over the last images, from which on a place is moving."""
    min_still: float = 0.3
    """The same, below which a place that was moving no longer is, and up to which a moving region extends."""
    min_area: float = 0.08
    """Share of the image that moving regions need to be ignored: robust tracking deals with smaller ones."""
    max_agreement: float = 0.88
    """Share of votes for the camera's motion, over the last images, beyond which nothing is ignored."""
    min_agreement: float = 0.5
    """Share of votes that must agree with the motion that tracking found, or the image is doubtful."""
    scale_range: float = 3.0
    """Factor by which the map's scale may differ from the predicted depth's, either way."""
    gap_px: int = 40
    """Size of gaps without corners that are filled, such as a plain shirt."""
    margin_px: int = 4
    """What is added around a moving region."""


class Verdict(NamedTuple):
    """What two images say."""

    is_static: np.ndarray
    """(n,) bool: corners that follow the camera's motion."""
    agreement: float
    """Share of the votes for it."""
    twist: np.ndarray
    """(6,) v in the predicted depth's metres, and omega: of the second camera, as the first sees it."""


class _Flow(NamedTuple):
    """Corners of the last image, and where they were before."""

    jacobian: np.ndarray
    """(n, 2, 6) derivatives of the flow by the twist."""
    flow_px: np.ndarray
    """(n, 2)."""
    tolerance_px: np.ndarray
    """(n,)."""
    votes: np.ndarray
    """(n,)."""


class MovingParts:
    """Follows corners from image to image, and knows where something moves."""

    def __init__(self, camera: Camera, config: MovingPartsConfig):
        """camera: pinhole at working size."""
        self.camera, self.config = camera, config
        self.last: deque[np.ndarray] = deque(maxlen=config.interval)
        self.moving = self.seen = self.share = np.zeros([size // 4 for size in camera.size], np.float32)
        self.region = np.zeros(camera.size, bool)
        """(h, w) bool: what moves."""
        self.agreement: float | None = None
        """Mean share of the votes for the camera's motion over the last images."""
        self.flow: _Flow | None = None
        self.T_world_cam: deque[np.ndarray] = deque(maxlen=config.interval + 1)

    def without(self, image: Image) -> Image:
        """The next image -> the same without what moves in it."""
        self.look(image)
        c = self.config
        if self.agreement is None or self.agreement > c.max_agreement or self.region.mean() < c.min_area:
            return image
        usable = ~self.region if image.usable is None else image.usable & ~self.region
        return image.only(usable)

    def is_doubtful(self, T_world_cam: np.ndarray) -> bool:
        """Whether the pose (4, 4) that tracking found for the last image contradicts how most of the image moves. Call
        it for every image, without gaps from one `forget` to the next."""
        self.T_world_cam.append(T_world_cam)
        if self.flow is None or len(self.T_world_cam) <= self.config.interval:
            return False
        twist = se3.log(se3.inverse(self.T_world_cam[0]) @ T_world_cam)
        return agreement(self.flow, twist, self.config.stretch * self.config.scale_range) < self.config.min_agreement

    def forget(self) -> None:
        """Poses before and after this are not to be compared."""
        self.T_world_cam.clear()

    def look(self, image: Image) -> None:
        """Take the next image; `region` and `agreement` tell what it shows."""
        self.flow = None
        gray = np.round(255 * image.gray).astype(np.uint8)
        if len(self.last) == self.config.interval:
            self._compare(self.last[0], gray, image)
        self.last.append(gray)

    def _compare(self, last, gray, image):
        c = self.config
        mask = None if image.usable is None else image.usable.astype(np.uint8)
        before, after = tracked_corners(last, gray, mask, c)
        rho = image.inverse_depth[tuple(np.rint(after).astype(int).clip(0, np.array(gray.shape[::-1]) - 1).T[::-1])]
        known = rho > 0
        before, after, rho = before[known], after[known], rho[known]
        if len(before) < c.min_corners:
            return
        flow = flow_of(after, before - after, rho, self._votes(after), self.camera, c)
        verdict = camera_motion(flow, c)
        self.flow = flow
        last = verdict.agreement if self.agreement is None else self.agreement
        self.agreement = c.memory * last + (1 - c.memory) * verdict.agreement
        self._gather(after, ~verdict.is_static)

    def _votes(self, pixels):
        """(n,) weights of corners on the camera's motion: one per cell, less where things moved before."""
        c, (height, width) = self.config, self.camera.size
        u, v = np.rint(pixels).astype(int).T.clip(0, [[width - 1], [height - 1]])
        cell = v // c.cell_px * (width // c.cell_px + 1) + u // c.cell_px
        moving = self.share[(v // 4).clip(0, height // 4 - 1), (u // 4).clip(0, width // 4 - 1)]
        return (1 - c.trust * moving) / np.bincount(cell)[cell]

    def _gather(self, pixels, is_moving):
        """Add the corners' votes to what was seen before, and mark where most of them move."""
        c, (height, width) = self.config, self.camera.size
        u, v = np.rint(pixels).astype(int).T.clip(0, [[width - 1], [height - 1]])
        small = height // 4, width // 4
        votes = np.zeros((2, *small), np.float32)
        place = (v // 4).clip(0, small[0] - 1), (u // 4).clip(0, small[1] - 1)
        np.add.at(votes[0], place, is_moving.astype(np.float32))
        np.add.at(votes[1], place, 1)
        sigma = c.reach_px / 4
        moving, seen = (cv2.GaussianBlur(v, (0, 0), sigma) * np.float32(2 * np.pi * sigma**2) for v in votes)
        self.moving = c.memory * self.moving + (1 - c.memory) * moving
        self.seen = c.memory * self.seen + (1 - c.memory) * seen
        self.share = self.moving / (self.seen + (1 - c.memory) * c.doubt)
        self.region = self._grown(self.share)

    def _grown(self, share):
        """Places of a share of moving corners -> (h, w) bool regions, with hysteresis."""
        c, (height, width) = self.config, self.camera.size
        candidates = (share > c.min_still).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(candidates, connectivity=4)
        region = np.zeros(share.shape, np.uint8)
        for label in range(1, count):
            is_here = labels == label
            if stats[label, cv2.CC_STAT_AREA] >= c.min_area * share.size and share[is_here].max() > c.min_moving:
                region[is_here] = 1
        gap = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (c.gap_px // 4, c.gap_px // 4))
        region = cv2.morphologyEx(region, cv2.MORPH_CLOSE, gap)
        region = cv2.resize(region, (width, height), interpolation=cv2.INTER_NEAREST)
        return cv2.dilate(region, np.ones((2 * c.margin_px + 1,) * 2, np.uint8)) > 0


def tracked_corners(last: np.ndarray, gray: np.ndarray, usable: np.ndarray | None,
                    config: MovingPartsConfig) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the second of two (h, w) uint8 images -> (n, 2) u, v in the first and in the second"""
    corners = cv2.goodFeaturesToTrack(gray, config.corners, config.quality, config.spacing_px, mask=usable)
    if corners is None:
        return np.zeros((0, 2)), np.zeros((0, 2))
    options = {"winSize": (13, 13), "maxLevel": 3}
    there, found, _ = cv2.calcOpticalFlowPyrLK(gray, last, corners, None, **options)
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(last, gray, there, None, **options)
    good = (found * found_back).ravel() > 0
    good &= np.abs(back - corners).max((1, 2)) < 0.5
    return there[good, 0].astype(np.float64), corners[good, 0].astype(np.float64)


def flow_of(pixels: np.ndarray, flow_px: np.ndarray, rho: np.ndarray, votes: np.ndarray, camera: Camera,
            config: MovingPartsConfig) -> _Flow:
    """Pixels (n, 2), their flow (n, 2), predicted inverse depth (n,) and votes (n,) -> _Flow"""
    focal = np.array([camera.fx, camera.fy])
    x, y = ((pixels - (camera.cx, camera.cy)) / focal).T
    one, zero = np.ones_like(x), np.zeros_like(x)
    A = rho[:, None, None] * np.stack([np.stack([one, zero, -x], -1), np.stack([zero, one, -y], -1)], 1)
    B = np.stack([np.stack([-x * y, 1 + x * x, -y], -1), np.stack([-1 - y * y, x * y, x], -1)], 1)
    tolerance_px = config.tolerance_px + config.relative_tolerance * np.linalg.norm(flow_px, axis=1)
    return _Flow(np.concatenate([A, B], -1) * focal[:, None], flow_px, tolerance_px, votes)


def agreement(flow: _Flow, twist: np.ndarray, stretch: float) -> float:
    """Share of the votes for a twist (6,), if inverse depths may be off by the factor `stretch` either way"""
    errors, _ = _residuals(flow.jacobian, flow.flow_px, twist[None], stretch)
    return float((errors[0] < flow.tolerance_px) @ flow.votes / flow.votes.sum())


def camera_motion(flow: _Flow, config: MovingPartsConfig) -> Verdict:
    """The motion that gets most votes"""
    J, d, tolerance, votes = flow
    rng = np.random.default_rng(len(d))  # the same images must give the same map
    rows = rng.integers(0, len(d), (config.samples, 3))
    M, b = J[rows].reshape(-1, 6, 6), d[rows].reshape(-1, 6)
    MT = M.swapaxes(1, 2)
    twists = np.linalg.solve(MT @ M + 1e-3 * np.eye(6), (MT @ b[..., None]))[..., 0]
    errors = _residuals(J, d, twists, config.stretch)[0]
    best = int(((errors < tolerance) @ votes).argmax())
    twist = twists[best]
    for _ in range(3):
        errors, stretch = _residuals(J, d, twist[None], config.stretch)
        inliers = errors[0] < tolerance
        scaled = J.copy()
        scaled[..., :3] *= stretch[0, :, None, None]
        Ji, di = scaled[inliers].reshape(-1, 6), d[inliers].reshape(-1)
        candidate = np.linalg.solve(Ji.T @ Ji + 1e-3 * np.eye(6), Ji.T @ di)
        if ((_residuals(J, d, candidate[None], config.stretch)[0] < tolerance) @ votes)[0] < inliers @ votes:
            break
        twist = candidate
    is_static = _residuals(J, d, twist[None], config.stretch)[0][0] < tolerance
    return Verdict(is_static, float(is_static @ votes / votes.sum()), twist)


def _residuals(J, d, twists, stretch):
    """Distances (m, n) of flows from what m motions allow, and the factors (m, n) on inverse depth nearest to them."""
    parallax = np.einsum("nij,mj->mni", J[..., :3], twists[:, :3])
    rest = d - np.einsum("nij,mj->mni", J[..., 3:], twists[:, 3:])
    factor = ((rest * parallax).sum(-1) / np.maximum((parallax**2).sum(-1), 1e-9)).clip(1 / stretch, stretch)
    return np.linalg.norm(rest - factor[..., None] * parallax, axis=-1), factor
