"""Edges: how the residual changes from pixel to pixel, at several distances."""

import torch
from torch import Tensor

from depth.losses.masked import mean, residual


def multi_scale_gradient(predicted: Tensor, ground_truth: Tensor, valid: Tensor, scales: int = 4) -> Tensor:
    """Sum over scales k of the mean |dR/dx| + |dR/dy| of the residual R at every 2^k-th pixel.

    Li 2018 (MegaDepth), eq. 3, where R is of log depths, so that no scale factor matters; the form without log is
    Ranftl 2020, eq. 11. Differences count where both pixels are valid.
    """
    difference = residual(predicted, ground_truth, valid)
    levels = [(difference[..., ::2**k, ::2**k], valid[..., ::2**k, ::2**k]) for k in range(scales)]
    return torch.stack([_level(*level) for level in levels]).sum()


def _level(difference, valid):
    across = (difference[..., :, 1:] - difference[..., :, :-1]).abs()
    down = (difference[..., 1:, :] - difference[..., :-1, :]).abs()
    return mean(across, valid[..., :, 1:] & valid[..., :, :-1]) + mean(down, valid[..., 1:, :] & valid[..., :-1, :])


