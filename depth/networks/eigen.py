"""Eigen 2014, "Depth Map Prediction from a Single Image using a Multi-Scale Deep Network", figure 1.

Both networks predict the natural logarithm of depth (section 3.3), 304x228 -> 74x55. Figure 1 gives 96, 256, 384, 384,
256 channels and 37x27, 18x13, 18x13, 18x13, 8x6 pixels behind the coarse layers 1-5, 4096 units in layer 6, and 63 and
64 channels in the fine network. What it leaves open, and what was chosen: 2x2 poolings, but 3x3 with stride 2 behind
layer 5, for 2x2 would make 9x6; dropout of one half behind layer 6; He's initialisation, for there is no ImageNet
checkpoint in these widths.
"""

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from depth.networks.image_input import Normalise, require_size
from depth.networks.initialise import initialise_he, initialise_normal

INPUT_SIZE, OUTPUT_SIZE = (228, 304), (55, 74)
"""Sizes (height, width) of images and depth maps."""
KERNELS, STRIDES, WIDTHS = (11, 5, 3, 3, 3), (4, 1, 1, 1, 1), (96, 256, 384, 384, 256)
"""Kernels, strides and channels of the coarse layers 1-5."""
FIRST_STD = 0.001
"""Standard deviation of the last full connection's first weights: predictions start near 1 m, not anywhere."""


def coarse_convolutions(norm: Callable[[int], nn.Module] | None = None,
                        last_pooling: tuple[int, int] = (3, 2)) -> nn.Sequential:
    """Coarse layers 1-5: (B, 3, 228, 304) -> (B, 256, 6, 8), or 6x9 if `last_pooling`, (kernel, stride), is (2, 2).

    Without `norm`, a constructor of normalisation layers, the convolutions have biases.
    """
    layers = []
    poolings = ((2, 2), (2, 2), None, None, last_pooling)
    for channels_in, width, kernel, stride, pooling in zip((3, *WIDTHS), WIDTHS, KERNELS, STRIDES, poolings):
        padding = kernel // 2 if stride == 1 else 0
        layers.append(nn.Conv2d(channels_in, width, kernel, stride, padding, bias=norm is None))
        layers += [norm(width), nn.ReLU()] if norm else [nn.ReLU()]
        layers += [nn.MaxPool2d(*pooling)] if pooling else []
    return nn.Sequential(*layers)


class EigenCoarse(nn.Module):
    """The global network: (B, 3, 228, 304) -> log depth (B, 1, 55, 74). Section 3.1.1."""

    def __init__(self) -> None:
        super().__init__()
        self.normalise = Normalise()
        self.layers = coarse_convolutions()
        self.layer6 = nn.Linear(256 * 6 * 8, 4096)
        self.dropout = nn.Dropout()
        self.layer7 = nn.Linear(4096, OUTPUT_SIZE[0] * OUTPUT_SIZE[1])
        initialise_he(self)
        initialise_normal(self.layer7, FIRST_STD)

    def forward(self, rgb: Tensor) -> Tensor:
        require_size(rgb, INPUT_SIZE)
        features = self.layers(self.normalise(rgb)).flatten(1)
        hidden = self.dropout(functional.relu(self.layer6(features)))
        return self.layer7(hidden).reshape(-1, 1, *OUTPUT_SIZE)


class Eigen(nn.Module):
    """The coarse network and the local one that refines it: (B, 3, 228, 304) -> log depth (B, 1, 55, 74).

    Section 3.1.2. Trained in two stages: first an EigenCoarse, which this network then keeps fixed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.coarse = EigenCoarse().requires_grad_(False)
        self.normalise = Normalise()
        self.fine1 = nn.Sequential(nn.Conv2d(3, 63, 9, 2), nn.ReLU(), nn.MaxPool2d(2))
        self.fine3 = nn.Sequential(nn.Conv2d(64, 64, 5, padding=2), nn.ReLU())
        self.fine4 = nn.Conv2d(64, 1, 5, padding=2)
        initialise_he(self.fine1)
        initialise_he(self.fine3)
        initialise_normal(self.fine4)

    def forward(self, rgb: Tensor) -> Tensor:
        fine2 = torch.cat((self.fine1(self.normalise(rgb)), self.coarse(rgb)), dim=1)
        return self.fine4(self.fine3(fine2))

    def train(self, mode: bool = True) -> Self:
        """Change the mode, except of the coarse network, which stays in eval mode: its dropout would be input noise."""
        super().train(mode)
        self.coarse.eval()
        return self
