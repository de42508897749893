"""Laina 2016 as its authors released it: iro-cp/FCRN-DepthPrediction, in TensorFlow and MatConvNet.

It differs from the text (laina.py) where trained weights depend on it: images in [0, 255] without a mean taken off (the
first convolution's bias knows it), the Caffe form of ResNet-50, epsilon 1e-4, ReLU behind the prediction, and
up-convolutions whose four parts have biases of their own and look up and left instead of down and right.
"""

from torch import Tensor, nn
from torch.nn import functional

from depth.networks.laina import UpSampler
from depth.networks.resnet import ResNet
from depth.networks.unpooling import interleave
from depth.networks.up_projection import UpProjection

EPSILON = 1e-4
"""Epsilon of batch normalisation."""


class ReleasedUpConvolution(nn.Module):
    """(B, channels_in, h, w) -> (B, channels_out, 2h, 2w) by four convolutions, in the release's letters.

    B has 2x3 weights and fills odd rows, C has 3x2 and fills odd columns, as in their TensorFlow code.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.A = nn.Conv2d(channels_in, channels_out, (3, 3))
        self.B = nn.Conv2d(channels_in, channels_out, (2, 3))
        self.C = nn.Conv2d(channels_in, channels_out, (3, 2))
        self.D = nn.Conv2d(channels_in, channels_out, (2, 2))

    def forward(self, features: Tensor) -> Tensor:
        padded = functional.pad(features, (1, 1, 1, 1))
        return interleave(self.A(padded), self.C(padded[..., :-1]), self.B(padded[..., :-1, :]),
                          self.D(padded[..., :-1, :-1]))


def released_up_projection(channels_in: int, channels_out: int) -> UpProjection:
    """The up-projection with the up-convolution of the release."""
    return UpProjection(channels_in, channels_out, up=ReleasedUpConvolution(channels_in, 2 * channels_out))


class FcrnRelease(nn.Module):
    """(B, 3, 228, 304) -> depth in metres (B, 1, 128, 160); other sizes as laina.resnet_up_projection."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = ResNet(50, caffe=True)
        self.decoder = UpSampler(2048, 1024, released_up_projection)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eps = EPSILON

    def forward(self, rgb: Tensor) -> Tensor:
        return functional.relu(self.decoder(self.encoder(255 * rgb)[-1]))
