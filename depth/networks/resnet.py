"""ResNet encoders with torchvision's parameter names, so that its ImageNet checkpoints load. He 2016, table 1."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional


class Basic(nn.Module):
    """Two 3x3 convolutions and a shortcut; the first strides in any case. He 2016, fig. 5 left."""

    expansion = 1

    def __init__(self, channels_in: int, width: int, stride: int, dilation: int, stride_first: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, width, 3, stride, dilation, dilation, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _projection(channels_in, width, stride)

    def forward(self, features: Tensor) -> Tensor:
        residual = functional.relu(self.bn1(self.conv1(features)))
        residual = self.bn2(self.conv2(residual))
        return functional.relu(residual + self.downsample(features))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions and a shortcut. He 2016, fig. 5 right."""

    expansion = 4

    def __init__(self, channels_in: int, width: int, stride: int, dilation: int, stride_first: bool) -> None:
        super().__init__()
        first, second = (stride, 1) if stride_first else (1, stride)
        self.conv1 = nn.Conv2d(channels_in, width, 1, first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, second, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _projection(channels_in, 4 * width, stride)

    def forward(self, features: Tensor) -> Tensor:
        residual = functional.relu(self.bn1(self.conv1(features)))
        residual = functional.relu(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))
        return functional.relu(residual + self.downsample(features))


LAYERS = {18: (Basic, (2, 2, 2, 2)), 50: (Bottleneck, (3, 4, 6, 3)), 101: (Bottleneck, (3, 4, 23, 3))}
"""Kind of block and blocks per stage. He 2016, table 1."""


class Stages(NamedTuple):
    """Features (B, C, h, w) of each stage; without dilation at these parts of the image's size."""

    half: Tensor
    quarter: Tensor
    eighth: Tensor
    sixteenth: Tensor
    last: Tensor
    """Features of the last stage, at 1/32."""


class ResNet(nn.Module):
    """Normalised images (B, 3, h, w) -> Stages, without the classifier.

    A stage with a dilation other than None keeps the size of the one before it and dilates its 3x3 convolutions instead
    of striding (Hao 2018, eq. 1). `caffe` is the form of the original release: the first 1x1 convolution of a stage
    strides, not its 3x3 one as in torchvision, and pooling starts in the image's corner.
    """

    surplus = ("fc.",)
    """Beginnings of the names that an ImageNet checkpoint has besides these."""

    def __init__(self, depth: int, dilations: Sequence[int | None] = (None, None, None, None),
                 caffe: bool = False) -> None:
        super().__init__()
        block, counts = LAYERS[depth]
        self.channels = tuple(64 * block.expansion * 2**stage for stage in range(4))
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True) if caffe else nn.MaxPool2d(3, 2, 1)
        channels_in = (64, *self.channels[:3])
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            _stage(block, channels_in[k], 64 * 2**k, counts[k], stride=1 if k == 0 or dilations[k] else 2,
                   dilation=dilations[k] or 1, stride_first=caffe) for k in range(4))
        self._initialise()

    def forward(self, image: Tensor) -> Stages:
        half = functional.relu(self.bn1(self.conv1(image)))
        quarter = self.layer1(self.maxpool(half))
        eighth = self.layer2(quarter)
        sixteenth = self.layer3(eighth)
        return Stages(half, quarter, eighth, sixteenth, self.layer4(sixteenth))

    def _initialise(self):
        """First weights as torchvision's: He 2015, "Delving deep", over the outputs."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")


def _stage(block, channels_in, width, count, stride, dilation, stride_first):
    first = block(channels_in, width, stride, dilation, stride_first)
    others = (block(width * block.expansion, width, 1, dilation, stride_first) for _ in range(count - 1))
    return nn.Sequential(first, *others)


def _projection(channels_in, channels_out, stride):
    """The shortcut: the features themselves where they fit. He 2016, eq. 1 and 2."""
    if stride == 1 and channels_in == channels_out:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out))
