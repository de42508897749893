"""Hao 2018, "Detail Preserving Depth Estimation from a Single Image Using Attention Guided Networks".

All predict depth in metres, 320x240 -> 160x120 (fig. 2); half of any other size as well. What the text leaves open,
and what was chosen:
- Channels behind every channel reduce block: 256. Batch normalisation before every ReLU of the generator.
- Attention: ReLU and a sigmoid behind its two 1x1 convolutions, a quarter of the channels between them.
- Depth: a 3x3 convolution to one channel, the doubling, and softplus, for equation 3 takes log(depth + 1). Section 3.3
  doubles "the last CRB output"; if that is its 256 channels, the convolution comes behind. Both are linear, so this
  order costs a quarter of the multiplications and differs only in how far the kernel reaches: 3 pixels at a quarter of
  the image's size, not at half of it.
- Ablations of table 1: without attention the sum of both inputs stands in its place; the network with the dense feature
  extractor only has neither attention nor dilated blocks.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from depth.networks.image_input import Normalise
from depth.networks.initialise import initialise_xavier
from depth.networks.resnet import ResNet

DILATIONS = (1, 2, 4, 8)
"""Dilations of the four stages of the dense feature extractor. Section 3.3."""
WIDTH = 256
"""Channels behind every channel reduce block."""


class ChannelReduceBlock(nn.Module):
    """(B, channels_in, h, w) -> (B, channels_out, h, w): 1x1 convolution, then a residual block of two 3x3. Fig. 2b."""

    def __init__(self, channels_in: int, channels_out: int, dilation: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels_in, channels_out, 1)
        self.residual = nn.Sequential(
            nn.Conv2d(channels_out, channels_out, 3, 1, dilation, dilation, bias=False), nn.BatchNorm2d(channels_out),
            nn.ReLU(), nn.Conv2d(channels_out, channels_out, 3, 1, dilation, dilation, bias=False),
            nn.BatchNorm2d(channels_out))

    def forward(self, features: Tensor) -> Tensor:
        reduced = self.reduce(features)
        return functional.relu(reduced + self.residual(reduced))


class AttentionFuseBlock(nn.Module):
    """Features of a stage and what comes from the deeper ones, both (B, C, h, w) -> (B, C, h, w). Fig. 2c.

    Both together decide how much each channel of the stage counts in this scene.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(2 * channels, channels // 4, 1), nn.ReLU(),
                                   nn.Conv2d(channels // 4, channels, 1), nn.Sigmoid())

    def forward(self, stage: Tensor, deeper: Tensor) -> Tensor:
        return stage * self.weigh(torch.cat((stage, deeper), dim=1)) + deeper


class Sum(nn.Module):
    """Fusion without attention: two (B, C, h, w) -> (B, C, h, w)."""

    def forward(self, stage: Tensor, deeper: Tensor) -> Tensor:
        return stage + deeper


class DepthMapGenerator(nn.Module):
    """Four stages (B, C, h, w) of one size -> depth (B, 1, 2h, 2w). Section 3.2, fig. 2a."""

    def __init__(self, channels: Sequence[int], attention: bool = True, dilated: bool = True) -> None:
        super().__init__()
        dilations = DILATIONS if dilated else (1, 1, 1, 1)
        self.reduce = nn.ModuleList(ChannelReduceBlock(c, WIDTH, d) for c, d in zip(channels, dilations))
        self.fuse = nn.ModuleList(AttentionFuseBlock(WIDTH) if attention else Sum() for _ in channels[:-1])
        self.refine = nn.ModuleList(ChannelReduceBlock(WIDTH, WIDTH, d) for d in dilations[:-1])
        self.predict = nn.Conv2d(WIDTH, 1, 3, padding=1)
        initialise_xavier(self)

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        *shallow, deeper = (reduce(stage) for reduce, stage in zip(self.reduce, stages))
        for k in (2, 1, 0):
            deeper = self.refine[k](self.fuse[k](shallow[k], deeper))
        return functional.softplus(_doubled(self.predict(deeper)))


class Hao(nn.Module):
    """Dense feature extractor (ResNet-101, dilated instead of strided) and generator.

    (B, 3, 240, 320) -> depth (B, 1, 120, 160). Section 3.3; the ablations are those of table 1.
    """

    def __init__(self, attention: bool = True, dilated: bool = True) -> None:
        super().__init__()
        self.normalise = Normalise()
        self.encoder = ResNet(101, DILATIONS)
        self.decoder = DepthMapGenerator(self.encoder.channels, attention, dilated)

    def forward(self, rgb: Tensor) -> Tensor:
        return self.decoder(self.encoder(self.normalise(rgb))[1:])


class HaoBaseline(nn.Module):
    """ResNet-50, transposed convolutions, and skip connections where sizes meet. Section 4.2, ablation study."""

    def __init__(self) -> None:
        super().__init__()
        self.normalise = Normalise()
        self.encoder = ResNet(50)
        widths = (64, *self.encoder.channels)
        self.up = nn.ModuleList(nn.ConvTranspose2d(deep, shallow, 3, 2, 1, bias=False)
                                for shallow, deep in pairwise(widths))
        self.norm = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[:-1])
        self.predict = nn.Conv2d(64, 1, 3, padding=1)
        for layer in (self.up, self.predict):
            initialise_xavier(layer)

    def forward(self, rgb: Tensor) -> Tensor:
        *shallow, deep = self.encoder(self.normalise(rgb))
        for k in (3, 2, 1, 0):
            deep = self.norm[k](self.up[k](deep, output_size=shallow[k].shape[-2:]))
            deep = functional.relu(deep + shallow[k])
        return functional.softplus(self.predict(deep))


def fix_pretrained(network: Hao | HaoBaseline) -> None:
    """Fix those parameters of a network with an ImageNet encoder that section 3.4 keeps fixed in training.

    Those of the first two stages (up to Res-Block 1) and of the encoder's batch normalisation, whose statistics stay as
    long as `network.encoder` is in eval mode, into which the caller puts it.
    """
    encoder = network.encoder
    for module in (encoder.conv1, encoder.bn1, encoder.layer1):
        module.requires_grad_(False)
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(False)


def _doubled(depth):
    return functional.interpolate(depth, scale_factor=2, mode="bilinear")
