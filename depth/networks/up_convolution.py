"""Up-convolution: 2x2 unpooling and a 5x5 convolution, plain or four times cheaper. Laina 2016, section 3.1."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from depth.networks.unpooling import interleave, unpool_zeros


class UpConvolution(nn.Module):
    """(B, channels_in, h, w) -> (B, channels_out, 2h, 2w), without bias: batch normalisation follows everywhere.

    `fast` chooses the form at any time, over the same weights. Another unpooling than with zeros has the plain form
    only.
    """

    def __init__(self, channels_in: int, channels_out: int, unpool: Callable[[Tensor], Tensor] = unpool_zeros,
                 fast: bool = True) -> None:
        super().__init__()
        self.unpool = unpool
        self.fast = fast and unpool is unpool_zeros
        self.weight = nn.Parameter(torch.empty(channels_out, channels_in, 5, 5))
        nn.init.normal_(self.weight, std=0.01)

    def forward(self, features: Tensor) -> Tensor:
        if self.fast:
            return interleaved_convolutions(features, self.weight)
        return functional.conv2d(self.unpool(features), self.weight, padding=2)


def interleaved_convolutions(features: Tensor, weight: Tensor) -> Tensor:
    """Unpooling with zeros and 5x5 convolution without the multiplications by zero. Laina 2016, fig. 3.

    Under the centre of the kernel is a value, a zero to its right, a zero below it, or one between four values: then
    3x3, 3x2, 2x3 or 2x2 of the weights (A, B, C, D of the figure) meet values, and the rest meets zeros.
    """
    across, down = functional.pad(features, (0, 1, 1, 1)), functional.pad(features, (1, 1, 0, 1))
    return interleave(functional.conv2d(features, weight[..., ::2, ::2], padding=1),
                      functional.conv2d(across, weight[..., ::2, 1::2]),
                      functional.conv2d(down, weight[..., 1::2, ::2]),
                      functional.conv2d(across[..., 1:, :], weight[..., 1::2, 1::2]))
