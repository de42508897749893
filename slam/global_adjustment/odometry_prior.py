"""What tracking found of the motion between keyframes, as a prior on their adjusted poses.

Where hardly anything has texture, a keyframe hangs by a few features, and wrong ones among them can turn it anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3, sim3

if TYPE_CHECKING:
    from slam.mapping.keyframes import Keyframes


@dataclass(frozen=True)
class OdometryPrior:
    """E relative poses between pairs of keyframes, with normal errors.

    The error of a pair is e = log(T_cam_world[second] @ inverse(T_cam_world[first]) @ inverse(T_second_first)). With
    increments on the left of both poses, de/dxi_second is about the identity, and de/dxi_first is
    -adjoint(T_cam_world[second] @ inverse(T_cam_world[first])).
    """

    first: np.ndarray
    """(E,) int64 rows."""
    second: np.ndarray
    """(E,) int64 rows."""
    T_second_first: np.ndarray
    """(E, 4, 4) metres."""
    std: np.ndarray
    """(E, 6) standard deviations of e, metres and radians."""

    @classmethod
    def of(cls, keyframes: Keyframes, pairs: list[tuple[int, int]], translation_std: float,
           rotation_std_rad: float) -> OdometryPrior:
        """Motion between pairs of rows, the second keyframe of each tracked against the first, as their poses are now;
        translation_std: in median depths of the second."""
        first, second = np.array(pairs, np.int64).reshape(-1, 2).T
        T_world_key = keyframes.T_world_key
        depth_m = np.array([keyframes.items[row].median_depth_m for row in second])
        std = np.column_stack([translation_std * depth_m] * 3 + [np.full(len(second), rotation_std_rad)] * 3)
        return cls(first, second, se3.inverse(T_world_key[second]) @ T_world_key[first], std)

    def within(self, part: np.ndarray) -> OdometryPrior:
        """Only pairs of one part; part (K,): its number, below 0 where there is none"""
        kept = (part[self.first] == part[self.second]) & (part[self.first] >= 0)
        return OdometryPrior(self.first[kept], self.second[kept], self.T_second_first[kept], self.std[kept])

    def cost(self, T_cam_world: np.ndarray) -> float:
        """T_cam_world (K, 4, 4) -> half the sum of squared errors over variances"""
        return 0.5 * float(np.sum((self._errors(T_cam_world)[0] / self.std) ** 2))

    def add_to(self, blocks: np.ndarray, gradient: np.ndarray, block_of: np.ndarray, T_cam_world: np.ndarray) -> None:
        """Add the normal equations at T_cam_world (K, 4, 4) to blocks (B, 6, 6), which block_of (K, K) numbers, and to
        gradient (K, 6)."""
        first, second, (errors, T_second_first) = self.first, self.second, self._errors(T_cam_world)
        J, information = -se3.adjoint(T_second_first), self.std**-2.0
        weighted = information[:, :, None] * J
        pull = information * errors
        np.add.at(blocks, block_of[second, second], information[:, :, None] * np.eye(6))
        np.add.at(blocks, block_of[second, first], weighted)
        np.add.at(blocks, block_of[first, second], np.swapaxes(weighted, 1, 2))
        np.add.at(blocks, block_of[first, first], np.swapaxes(J, 1, 2) @ weighted)
        np.add.at(gradient, second, pull)
        np.add.at(gradient, first, (np.swapaxes(J, 1, 2) @ pull[:, :, None])[..., 0])

    def _errors(self, T_cam_world):
        """-> (E, 6) errors, and (E, 4, 4) relative poses as they are"""
        T = T_cam_world[self.second] @ se3.inverse(T_cam_world[self.first])
        return sim3.log(T @ se3.inverse(self.T_second_first))[:, :6], T  # all at once, by far the faster way
