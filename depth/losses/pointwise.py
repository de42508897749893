"""Losses of single pixels: L2, L1, the reverse Huber function and L1 of logarithms."""

import torch
from torch import Tensor

from depth.losses.masked import mean, residual

BERHU_SHARE = 0.2
"""Share of the largest residual at which L1 turns into L2. Laina 2016, section 3.2."""


def l2(predicted: Tensor, ground_truth: Tensor, valid: Tensor) -> Tensor:
    """Mean squared residual. Laina 2016, section 3.2; 001, section 5.3.1."""
    return mean(residual(predicted, ground_truth, valid) ** 2, valid)


def l1(predicted: Tensor, ground_truth: Tensor, valid: Tensor) -> Tensor:
    """Mean absolute residual."""
    return mean(residual(predicted, ground_truth, valid).abs(), valid)


def berhu(predicted: Tensor, ground_truth: Tensor, valid: Tensor, per_image: bool = False) -> Tensor:
    """Mean reverse Huber function of the residual.

    Its threshold is 1/5 of the largest residual in the batch (Laina 2016, section 3.2), or in each image (001, section
    5.3.3).
    """
    difference = residual(predicted, ground_truth, valid)
    largest = difference.detach().abs()
    largest = largest.amax((1, 2, 3), keepdim=True) if per_image else largest.amax()
    return mean(reverse_huber(difference, BERHU_SHARE * largest), valid)


def reverse_huber(x: Tensor, c: Tensor | float) -> Tensor:
    """|x| up to c, (x^2 + c^2) / 2c beyond it; value and slope are continuous at c. Laina 2016, eq. 1."""
    c = torch.as_tensor(c, dtype=x.dtype, device=x.device).clamp(min=torch.finfo(x.dtype).tiny ** 0.5)
    return torch.where(x.abs() <= c, x.abs(), (x**2 + c**2) / (2 * c))


def log_l1(predicted: Tensor, ground_truth: Tensor, valid: Tensor) -> Tensor:
    """Mean |ln(D + 1) - ln(D^ + 1)| of depths in metres. Hao 2018, eq. 3.

    Below 0 m, which untrained networks predict, ln(D^ + 1) goes on as its tangent there, D^.
    """
    below = predicted.clamp(max=0)
    log_predicted = torch.log1p(predicted.clamp(min=0)) + below
    log_ground_truth = torch.log1p(torch.where(valid, ground_truth, 0))
    return mean(residual(log_predicted, log_ground_truth, valid).abs(), valid)
