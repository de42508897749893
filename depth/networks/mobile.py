"""Our default network: small enough to ship, fast enough for two CPU cores.

An EfficientNet-lite0 encoder, a U-shaped decoder of depthwise separable convolutions (as in Wofk 2019, FastDepth,
section III), and two outputs in the manner of Kendall 2017, section 2.2: log depth, and how wrong it is likely to be.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from calib.base.errors import NetworkError
from depth.networks.depthwise import DepthwiseConv2d
from depth.networks.efficientnet_lite import MEAN, STD, EfficientNetLite0
from depth.networks.image_input import Normalise
from depth.networks.initialise import initialise_he

WIDTHS = (32, 48, 96, 160, 256)
"""Channels of the decoder at 1/2, 1/4, 1/8, 1/16 and 1/32 of the image's size; CPU runtimes round them up to 16."""
FIRST_GUESS = (0.9, -1.2)
"""Log depth and log error of an untrained network: 2.5 m, wrong by 30 %."""


class DepthAndError(NamedTuple):
    """The two outputs of Mobile."""

    log_depth: Tensor
    """(B, 1, h/2, w/2) natural logarithm of depth in metres."""
    log_error: Tensor
    """(B, 1, h/2, w/2) natural logarithm of the expected absolute relative error of the depth."""


class Context(nn.Module):
    """(B, channels_in, h, w) -> (B, channels_out, h, w), where every pixel also sees the mean of the whole image.

    That mean tells how large the room is.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.local = _convolution(channels_in, channels_out)
        self.everywhere = nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, features: Tensor) -> Tensor:
        mean = functional.adaptive_avg_pool2d(features, 1)
        return functional.relu(self.local(features) + self.everywhere(mean))


class Doubling(nn.Module):
    """Features (B, channels_in, h, w) and the encoder's (B, skip, 2h, 2w) -> (B, channels_out, 2h, 2w)."""

    def __init__(self, channels_in: int, skip: int, channels_out: int) -> None:
        super().__init__()
        self.deep = _convolution(channels_in, channels_out)
        self.skip = _convolution(skip, channels_out)
        self.depthwise = nn.Sequential(DepthwiseConv2d(channels_out, 5, padding=2), nn.BatchNorm2d(channels_out))
        self.pointwise = _convolution(channels_out, channels_out)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        doubled = functional.interpolate(self.deep(deep), scale_factor=2, mode="nearest")
        features = functional.relu(doubled + self.skip(skip))
        return functional.relu(self.pointwise(functional.relu(self.depthwise(features))))


class Mobile(nn.Module):
    """(B, 3, h, w), sides multiples of 32 -> DepthAndError at half their size."""

    def __init__(self) -> None:
        super().__init__()
        self.normalise = Normalise(MEAN, STD)
        self.encoder = EfficientNetLite0()
        self.context = Context(self.encoder.channels[-1], WIDTHS[-1])
        self.doublings = nn.ModuleList(Doubling(WIDTHS[k + 1], self.encoder.channels[k], WIDTHS[k]) for k in range(4))
        self.predict = nn.Conv2d(WIDTHS[0], 2, 1)
        initialise_he(self.context)
        initialise_he(self.doublings)
        nn.init.normal_(self.predict.weight, std=0.01)
        self.predict.bias = nn.Parameter(torch.tensor(FIRST_GUESS))

    def forward(self, rgb: Tensor) -> DepthAndError:
        if rgb.shape[-2] % 32 or rgb.shape[-1] % 32:
            raise NetworkError(f"this network takes images whose sides are multiples of 32, "
                               f"not {rgb.shape[-1]}x{rgb.shape[-2]}")
        *skips, deep = self.encoder(self.normalise(rgb))
        features = self.context(deep)
        for k in (3, 2, 1, 0):
            features = self.doublings[k](features, skips[k])
        return DepthAndError(*self.predict(features).split(1, dim=1))

    def scale_log_error(self, slope: float, offset: float) -> None:
        """Change the weights so that log_error becomes slope * log_error + offset; log_depth stays as it is."""
        bias = self.predict.bias
        assert bias is not None
        with torch.no_grad():
            self.predict.weight[1] *= slope
            bias[1] = slope * bias[1] + offset


def _convolution(channels_in, channels_out):
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out))
