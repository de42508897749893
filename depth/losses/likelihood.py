"""Negative log-likelihoods, for networks that also predict how wrong they are. Kendall 2017, section 2.2."""

import math

from torch import Tensor

from depth.losses.masked import mean, residual


def laplace(predicted: Tensor, ground_truth: Tensor, valid: Tensor, log_error: Tensor) -> Tensor:
    """Mean of |r| / b + ln 2b with ln b = `log_error` (B, 1, h, w). Its best b is the expected |r|.

    Of log depths, b is the expected absolute relative error, as long as that is small.
    """
    r = residual(predicted, ground_truth, valid)
    return mean(r.abs() * (-log_error).exp() + log_error + math.log(2), valid)


def gaussian(predicted: Tensor, ground_truth: Tensor, valid: Tensor, log_error: Tensor) -> Tensor:
    """Mean of r^2 / 2 s^2 + ln s + ln(2 pi) / 2 with ln s = `log_error` (B, 1, h, w). Its best s is the rms of r.

    Kendall 2017, eq. 8, in ln s instead of their ln s^2.
    """
    r = residual(predicted, ground_truth, valid)
    return mean(0.5 * (r * (-log_error).exp()) ** 2 + log_error + 0.5 * math.log(2 * math.pi), valid)
