"""Eigen 2014, "Depth Map Prediction from a Single Image using a Multi-Scale Deep Network", figure 1.

Both networks predict the natural logarithm of depth (section 3.3), 304x228 -> 74x55 on NYU, 576x172 -> 142x27 on KITTI.
Figure 1 gives 96, 256, 384, 384, 256 channels and 37x27, 18x13, 18x13, 18x13, 8x6 pixels behind the coarse layers 1-5
(on KITTI 71x20, 35x9, 35x9, 35x9, 17x4), 4096 units in layer 6, and 63 and 64 channels in the fine network. What it
leaves open, and what was chosen:
- 2x2 poolings, but 3x3 with stride 2 behind layer 5, for 2x2 would make 9x6, and on KITTI behind layer 2 as well,
  where 2x2 would make 35x10. (On NYU both make 18x13.)
- Dropout of one half behind layer 6; He's initialisation, for there is no ImageNet checkpoint in these widths.
- KITTI: "the fine network sees the bottom crop corresponding to the target area" (section 4.2). The target, 142x27
  pixels at a quarter of the size, is where Eigen's crop of KITTI lies (depth/evaluation/protocol.py), from row 56 of
  the input on. Predictions come as 144x43 pixels, for the whole input, in which the target's outermost pixels go on.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from depth.networks.image_input import Normalise, require_size
from depth.networks.initialise import initialise_he, initialise_normal


class Sizes(NamedTuple):
    """What the two versions of the network differ in; sizes are (height, width)."""

    input: tuple[int, int]
    output: tuple[int, int]
    """Of the target."""
    top_features: tuple[int, int]
    """Behind coarse layer 5."""
    second_pooling: tuple[int, int]
    """(kernel, stride) behind coarse layer 2."""
    fine_rows: tuple[int, int]
    """Rows of the image that the fine network sees: from, to."""
    margins: tuple[int, int, int, int]
    """Pixels beyond the target at left, right, top and bottom of the prediction, which repeat its outermost ones."""


NYU = Sizes((228, 304), (55, 74), (6, 8), (2, 2), (0, 228), (0, 0, 0, 0))
KITTI = Sizes((172, 576), (27, 142), (4, 17), (3, 2), (52, 168), (1, 1, 14, 2))
INPUT_SIZE, OUTPUT_SIZE = NYU.input, NYU.output
KERNELS, STRIDES, WIDTHS = (11, 5, 3, 3, 3), (4, 1, 1, 1, 1), (96, 256, 384, 384, 256)
"""Kernels, strides and channels of the coarse layers 1-5."""
FIRST_STD = 0.001
"""Standard deviation of the last full connection's first weights: predictions start near 1 m, not anywhere."""


def coarse_convolutions(norm: Callable[[int], nn.Module] | None = None, last_pooling: tuple[int, int] = (3, 2),
                        second_pooling: tuple[int, int] = (2, 2)) -> nn.Sequential:
    """Coarse layers 1-5: (B, 3, 228, 304) -> (B, 256, 6, 8), or 6x9 if `last_pooling`, (kernel, stride), is (2, 2).

    Without `norm`, a constructor of normalisation layers, the convolutions have biases.
    """
    layers = []
    poolings = ((2, 2), second_pooling, None, None, last_pooling)
    for channels_in, width, kernel, stride, pooling in zip((3, *WIDTHS), WIDTHS, KERNELS, STRIDES, poolings):
        padding = kernel // 2 if stride == 1 else 0
        layers.append(nn.Conv2d(channels_in, width, kernel, stride, padding, bias=norm is None))
        layers += [norm(width), nn.ReLU()] if norm else [nn.ReLU()]
        layers += [nn.MaxPool2d(*pooling)] if pooling else []
    return nn.Sequential(*layers)


class EigenCoarse(nn.Module):
    """The global network: (B, 3, 228, 304) -> log depth (B, 1, 55, 74). Section 3.1.1."""

    def __init__(self, sizes: Sizes = NYU) -> None:
        super().__init__()
        self.sizes = sizes
        self.normalise = Normalise()
        self.layers = coarse_convolutions(second_pooling=sizes.second_pooling)
        self.layer6 = nn.Linear(WIDTHS[-1] * math.prod(sizes.top_features), 4096)
        self.dropout = nn.Dropout()
        self.layer7 = nn.Linear(4096, math.prod(sizes.output))
        initialise_he(self)
        initialise_normal(self.layer7, FIRST_STD)

    def forward(self, rgb: Tensor) -> Tensor:
        return whole(self.target(rgb), self.sizes)

    def target(self, rgb: Tensor) -> Tensor:
        """Images -> log depth of the target area alone."""
        require_size(rgb, self.sizes.input)
        features = self.layers(self.normalise(rgb)).flatten(1)
        hidden = self.dropout(functional.relu(self.layer6(features)))
        return self.layer7(hidden).reshape(-1, 1, *self.sizes.output)


class Eigen(nn.Module):
    """The coarse network and the local one that refines it: (B, 3, 228, 304) -> log depth (B, 1, 55, 74).

    Section 3.1.2. Trained in two stages: first an EigenCoarse, which this network then keeps fixed.
    """

    def __init__(self, sizes: Sizes = NYU) -> None:
        super().__init__()
        self.sizes = sizes
        self.coarse = EigenCoarse(sizes).requires_grad_(False)
        self.normalise = Normalise()
        self.fine1 = nn.Sequential(nn.Conv2d(3, 63, 9, 2), nn.ReLU(), nn.MaxPool2d(2))
        self.fine3 = nn.Sequential(nn.Conv2d(64, 64, 5, padding=2), nn.ReLU())
        self.fine4 = nn.Conv2d(64, 1, 5, padding=2)
        initialise_he(self.fine1)
        initialise_he(self.fine3)
        initialise_normal(self.fine4)

    def forward(self, rgb: Tensor) -> Tensor:
        seen = self.normalise(rgb)[..., slice(*self.sizes.fine_rows), :]
        fine2 = torch.cat((self.fine1(seen), self.coarse.target(rgb)), dim=1)
        return whole(self.fine4(self.fine3(fine2)), self.sizes)

    def train(self, mode: bool = True) -> Self:
        """Change the mode, except of the coarse network, which stays in eval mode: its dropout would be input noise."""
        super().train(mode)
        self.coarse.eval()
        return self


def whole(target: Tensor, sizes: Sizes) -> Tensor:
    """Log depth of the target area -> of the whole input, in which its outermost pixels go on."""
    return functional.pad(target, sizes.margins, mode="replicate") if any(sizes.margins) else target


def kitti_coarse() -> EigenCoarse:
    """(B, 3, 172, 576) -> log depth (B, 1, 43, 144)."""
    return EigenCoarse(KITTI)


def kitti() -> Eigen:
    """(B, 3, 172, 576) -> log depth (B, 1, 43, 144)."""
    return Eigen(KITTI)
