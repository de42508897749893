"""The scale-invariant error, in which a factor common to a whole image costs less."""

from torch import Tensor

from depth.losses.masked import mean_of_images, mean_per_image, residual

ROOT_FACTOR = 10.0
"""Factor that gives the root the size of other losses. Lee 2019 (BTS), eq. 4: alpha."""
ROOT_FLOOR = 1e-6
"""Added below the root, whose slope at 0 is infinite."""


def scale_invariant(predicted: Tensor, ground_truth: Tensor, valid: Tensor, lam: float = 0.5) -> Tensor:
    """Mean over images of (1/n) sum d_i^2 - lam / n^2 (sum d_i)^2 with d = predicted - ground truth.

    Of log depths it is Eigen 2014, eq. 4 (lam 0.5 in the paper; lam 1 is eq. 1, lam 0 is L2); of depths in metres it is
    the loss of 004, section IV.C. 001, section 5.3.2, divides the second term by n alone, which is a slip: it grows
    with the number of pixels and falls without bound.
    """
    return mean_of_images(_errors(predicted, ground_truth, valid, lam), valid)


def scale_invariant_root(predicted: Tensor, ground_truth: Tensor, valid: Tensor, lam: float = 0.85) -> Tensor:
    """10 sqrt of `scale_invariant` of log depths, averaged over images. Lee 2019 (BTS), eq. 4."""
    return mean_of_images(ROOT_FACTOR * (_errors(predicted, ground_truth, valid, lam) + ROOT_FLOOR).sqrt(), valid)


def _errors(predicted, ground_truth, valid, lam):
    """(B,) errors of the images; not below 0, as rounding might make them where lam is 1."""
    d = residual(predicted, ground_truth, valid)
    return (mean_per_image(d**2, valid) - lam * mean_per_image(d, valid) ** 2).clamp(min=0)
