"""What an adapted network is held to: targets where geometry knows, its own edges where it does not."""

from typing import NamedTuple

from torch import Tensor

from depth.estimator import MAX_LOG_ERROR, MIN_LOG_ERROR


class Lesson(NamedTuple):
    """What is known about a batch, each (B, 1, h, w) at the size of the network's output."""

    log_depth: Tensor
    """Logarithm of the targets, for the training camera."""
    weight: Tensor
    """Weight of the targets, 0 (nothing is known) to 1."""
    own: Tensor
    """Logarithm of the depth that the network predicted before it was adapted."""


def target_loss(log_depth: Tensor, lesson: Lesson) -> Tensor:
    """Weighted mean of |log depth - target|."""
    return (lesson.weight * (log_depth - lesson.log_depth).abs()).sum() / (lesson.weight.sum() + 1e-6)


def own_gradient_loss(log_depth: Tensor, lesson: Lesson) -> Tensor:
    """Mean difference of the gradients of log depth to the network's own, where targets have no weight."""
    change, silent = log_depth - lesson.own, 1 - lesson.weight
    across = (change[..., 1:] - change[..., :-1]).abs() * (silent[..., 1:] + silent[..., :-1]) / 2
    down = (change[..., 1:, :] - change[..., :-1, :]).abs() * (silent[..., 1:, :] + silent[..., :-1, :]) / 2
    return across.mean() + down.mean()


def error_loss(log_depth: Tensor, log_error: Tensor, lesson: Lesson) -> Tensor:
    """Weighted mean of the Laplacian's -log likelihood of the targets; trains log_error only (Kendall 2017, 2.2)."""
    log_error = log_error.clamp(MIN_LOG_ERROR, MAX_LOG_ERROR)
    residual = (log_depth.detach() - lesson.log_depth).abs()
    return (lesson.weight * (residual * (-log_error).exp() + log_error)).sum() / (lesson.weight.sum() + 1e-6)
