"""Means over the pixels that have ground truth, and logarithms that training can start from."""

import torch
from torch import Tensor


def residual(predicted: Tensor, ground_truth: Tensor, valid: Tensor) -> Tensor:
    """predicted - ground truth where valid, else 0 (and no gradient, whatever the ground truth holds)."""
    return torch.where(valid, predicted - torch.where(valid, ground_truth, 0), 0)


def mean(values: Tensor, valid: Tensor) -> Tensor:
    """Mean of `values` over all valid pixels of the batch; 0 where there is none."""
    return torch.where(valid, values, 0).sum() / valid.sum().clamp(min=1)


def mean_per_image(values: Tensor, valid: Tensor) -> Tensor:
    """(B,) means of `values` over the valid pixels of each image; 0 where there is none."""
    return torch.where(valid, values, 0).flatten(1).sum(1) / valid.flatten(1).sum(1).clamp(min=1)


def mean_of_images(losses: Tensor, valid: Tensor) -> Tensor:
    """Mean of (B,) losses over the images that have a valid pixel; 0 where none has."""
    counted = valid.flatten(1).any(1)
    return torch.where(counted, losses, 0).sum() / counted.sum().clamp(min=1)


def log_depth(depth_m: Tensor, floor_m: float = 0.01) -> Tensor:
    """Natural logarithm of depth, continued below `floor_m` by its tangent.

    An untrained network may predict 0 or less, and must still be pulled upwards by a finite gradient.
    """
    low = depth_m < floor_m
    floor = torch.as_tensor(floor_m, dtype=depth_m.dtype, device=depth_m.device)
    return torch.where(low, floor.log() + (depth_m - floor) / floor, torch.where(low, floor, depth_m).log())
