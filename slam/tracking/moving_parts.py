"""Parts of the image that move on their own, such as a person: found before tracking, from the flow of corners.

The motion that most of the image follows is the camera's. Corners that do not follow it, whatever their depth, belong
to something else. One pair of images says little, so evidence is gathered over several, and what moved before has less
of a vote on what the camera does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.tracking.corner_flow import (
    CornerFlow,
    CornerFlowConfig,
    agreeing,
    camera_motion,
    corner_flow,
    share_of_votes,
)

if TYPE_CHECKING:
    from slam.tracking.image import Image

STEP = 4
"""Pixels from one place at which evidence is gathered to the next."""


@dataclass(frozen=True)
class MovingPartsConfig:
    """Settings of MovingParts; lengths in pixels of the working size."""

    flow: CornerFlowConfig = field(default_factory=CornerFlowConfig)
    """The flow of corners."""
    interval: int = 3
    """Images from one that is looked at to the next: what moves slowly needs time to be seen."""
    min_corners: int = 60
    """Corners that a verdict needs."""
    cell_px: int = 40
    """Size of the cells that have one vote each on the camera's motion: who has most corners has not won."""
    trust: float = 0.9
    """Share of its vote that a corner loses where everything moved in the last images."""
    memory: float = 0.6
    """Weight of what was seen before, against that of the last image that was looked at."""
    reach_px: float = 10.0
    """Standard deviation of the neighbourhood that a corner speaks for."""
    doubt: float = 0.6
    """Static corners that are added to those seen around, against single wrong ones."""
    min_moving: float = 0.6
    """Share of moving corners around a place, over the last images, that a region needs somewhere."""
    min_extent: float = 0.3
    """Share of moving corners up to which a region extends."""
    gap_px: int = 40
    """Size of gaps without corners that are filled, such as a plain shirt."""
    margin_px: int = 4
    """What is added around a moving region."""
    min_area: float = 0.08
    """Share of the image that a moving region needs to be ignored: robust tracking deals with smaller ones."""
    max_agreement: float = 0.85
    """Share of votes for the camera's motion, over the last images, beyond which nothing is ignored."""
    min_agreement: float = 0.5
    """Share of votes that must agree with the motion that tracking found, or the image is doubtful."""
    scale_range: float = 2.0
    """Factor by which the map's scale may differ from the predicted depth's, either way."""


class MovingParts:
    """Gathers what corners say, and knows where something moves."""

    def __init__(self, camera: Camera, config: MovingPartsConfig):
        """camera: pinhole at working size."""
        self.camera, self.config = camera, config
        self.age = 0
        """Images since the last one that was looked at."""
        self.T_world_cam: np.ndarray | None = None
        """(4, 4) of the camera then, as tracking found it."""
        self.flow: CornerFlow | None = None
        """Between the last two images that were looked at; None where there is too little of it."""
        self.is_last_doubtful = False
        self.ignored = np.zeros(camera.size, bool)
        """(h, w) bool: what moves, and is to be ignored."""
        self.agreement = 1.0
        """Mean share of the votes for the camera's motion over the last images."""
        size = [-(-length // STEP) for length in camera.size]
        self.moving, self.seen, self.share = np.zeros((3, *size), np.float32)

    def without(self, image: Image, inverse_depth: np.ndarray | None = None) -> Image:
        """The next image, with its corners -> the same without what moves in it

        inverse_depth: (h, w) about what it shows, 1/m in any scale, 0 where unknown; by default the image's own."""
        self.age += 1
        if image.corners is not None:
            self.flow, self.age = None, 0
            self._compare(image.corners, image.inverse_depth if inverse_depth is None else inverse_depth)
            self.ignored = self._region()
        if not self.ignored.any():
            return image
        return image.only(~self.ignored if image.usable is None else image.usable & ~self.ignored)

    def is_doubtful(self, T_world_cam: np.ndarray) -> bool:
        """Whether the pose (4, 4) that tracking found for the last image contradicts how most of it moves; that of an
        image between two that are looked at counts as the one before."""
        if self.age > 0:
            return self.is_last_doubtful
        self.is_last_doubtful = False
        if self.flow is not None and self.T_world_cam is not None:
            twist = se3.log(se3.inverse(self.T_world_cam) @ T_world_cam)
            agrees = agreeing(self.flow, twist, self.config.flow.stretch * self.config.scale_range)
            self.is_last_doubtful = share_of_votes(self.flow, agrees) < self.config.min_agreement
        self.T_world_cam = T_world_cam
        return self.is_last_doubtful

    def forget(self) -> None:
        """Poses before and after this are not to be compared: the camera is lost, or the map has moved."""
        self.T_world_cam, self.is_last_doubtful = None, False

    def _region(self):
        """(h, w) bool: what moves in the last image and is to be ignored; nothing in ordinary ones."""
        c, (height, width) = self.config, self.camera.size
        nothing = np.zeros((height, width), bool)
        if self.agreement > c.max_agreement:
            return nothing
        count, labels, stats, _ = cv2.connectedComponentsWithStats((self.share > c.min_extent).astype(np.uint8))
        moving = [label for label in range(1, count) if self.share[labels == label].max() > c.min_moving
                  and stats[label, cv2.CC_STAT_AREA] >= c.min_area * self.share.size]
        if not moving:
            return nothing
        gap = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (c.gap_px // STEP, c.gap_px // STEP))
        region = cv2.morphologyEx(np.isin(labels, moving).astype(np.uint8), cv2.MORPH_CLOSE, gap)
        region = cv2.resize(region, (width, height), interpolation=cv2.INTER_NEAREST)
        return cv2.dilate(region, np.ones((2 * c.margin_px + 1,) * 2, np.uint8)) > 0

    def _compare(self, corners, inverse_depth):
        """See which of an image's corners move with most of it since the one that was looked at before."""
        c, (before, pixels) = self.config, corners
        u, v = np.rint(pixels).astype(int).T
        rho = inverse_depth[v, u].astype(np.float64)
        known = rho > 0
        if known.sum() < c.min_corners:
            return
        u, v = u[known], v[known]
        self.flow = corner_flow(before[known], pixels[known], rho[known], self._votes(u, v), self.camera, c.flow)
        motion = camera_motion(self.flow, c.flow)
        self.agreement = c.memory * self.agreement + (1 - c.memory) * motion.agreement
        self._gather(u, v, ~motion.agrees)

    def _votes(self, u, v):
        """(n,) weights of corners on the camera's motion: one per cell, less where things moved before."""
        c = self.config
        cell = v // c.cell_px * (self.camera.width // c.cell_px + 1) + u // c.cell_px
        return (1 - c.trust * self.share[v // STEP, u // STEP]) / np.bincount(cell)[cell]

    def _gather(self, u, v, is_moving):
        """Add what corners show to what was seen before."""
        c = self.config
        sigma = c.reach_px / STEP
        for total, values in ((self.moving, is_moving.astype(np.float32)), (self.seen, np.float32(1))):
            corners = np.zeros_like(total)
            np.add.at(corners, (v // STEP, u // STEP), values)
            around = cv2.GaussianBlur(corners, (0, 0), sigma) * np.float32(2 * np.pi * sigma**2)
            total += (1 - c.memory) * (around - total)
        self.share = self.moving / (self.seen + (1 - c.memory) * c.doubt)
