"""Unpooling: feature maps to twice their size, with the known values at even rows and columns."""

import torch
from torch import Tensor
from torch.nn import functional


def unpool_zeros(features: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C, 2h, 2w): each value in the upper left corner of a 2x2 block of zeros.

    Laina 2016, section 3.1, after Dosovitskiy 2015.
    """
    zero = torch.zeros_like(features)
    return interleave(features, zero, zero, zero)


def unpool_averages(features: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C, 2h, 2w): between two values their mean, between four the mean of the four.

    001, section 3.3, says "the averaged value of its two nearest neighbors"; an entry between four has two
    entries as nearest neighbours, which are means themselves. Beyond the last row and column their values are repeated.
    """
    padded = functional.pad(features, (0, 1, 0, 1), mode="replicate")
    right, below, beyond = padded[..., :-1, 1:], padded[..., 1:, :-1], padded[..., 1:, 1:]
    return interleave(features, (features + right) / 2, (features + below) / 2, (features + right + below + beyond) / 4)


def interleave(even: Tensor, odd_columns: Tensor, odd_rows: Tensor, odd: Tensor) -> Tensor:
    """Four maps (B, C, h, w), one for each parity of row and column -> (B, C, 2h, 2w). Laina 2016, fig. 3.

    They go to even rows and columns, even rows and odd columns, odd rows and even columns, odd rows and columns.
    """
    return functional.pixel_shuffle(torch.stack((even, odd_columns, odd_rows, odd), dim=2).flatten(1, 2), 2)
