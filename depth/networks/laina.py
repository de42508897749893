"""Laina 2016, "Deeper Depth Prediction with Fully Convolutional Residual Networks": the networks of its table 1.

All predict depth in metres. What the text leaves open, and what was chosen:
- Widths behind AlexNet and VGG: figure 1 has a 1x1 convolution to half of ResNet's 2048 channels and then half the
  channels at each doubling. Here every decoder halves in this way, from 472 channels behind AlexNet and from 464 behind
  VGG, which gives the totals of table 1 (6.3 and 18.5 million).
- Deconvolutions: 2x2 with stride 2 in the same widths; with any larger kernel there would be more parameters than 28.5
  million.
- ResNet FC: table 1's 73.9 million and section 3.1's "4 x 2 x 2048" come from ResNet's own 7x7 average pooling, moved
  by one pixel at a time over the 10 x 8 features.
- AlexNet has the widths of torchvision, so that checkpoints load; the FC network then has 103.1 million parameters. The
  104.4 million of table 1 are those of the two-column widths (96, 256, 384, 384, 256) without groups.
- Batch normalisation follows every new convolution but the last, as in the authors' release.

With the moments of batch normalisation, which MatConvNet keeps among the parameters, all other counts are those of
table 1 to the digit: 6.3, 18.5, 73.9, 28.5, 43.1 and 63.6 million.
"""

from collections.abc import Callable

from torch import Tensor, nn

from depth.networks.alexnet import AlexNet
from depth.networks.encoder_decoder import EncoderDecoder
from depth.networks.initialise import initialise_normal
from depth.networks.resnet import ResNet
from depth.networks.up_convolution import UpConvolution
from depth.networks.up_projection import UpProjection
from depth.networks.vgg import Vgg16

NYU_SIZE = (228, 304)
"""Size (height, width) of section 4.2: half of 640x480, cropped in the middle."""
DOUBLINGS = 4


def up_convolution(channels_in: int, channels_out: int) -> nn.Sequential:
    """The block called UpConv in table 1: (B, C, h, w) -> (B, channels_out, 2h, 2w). Fig. 2a and 2b."""
    return nn.Sequential(UpConvolution(channels_in, channels_out), nn.BatchNorm2d(channels_out), nn.ReLU())


def deconvolution(channels_in: int, channels_out: int) -> nn.Sequential:
    """The block called DeConv in table 1: (B, C, h, w) -> (B, channels_out, 2h, 2w)."""
    return nn.Sequential(nn.ConvTranspose2d(channels_in, channels_out, 2, stride=2, bias=False),
                         nn.BatchNorm2d(channels_out), nn.ReLU())


class UpSampler(nn.Module):
    """Features (B, channels, h, w) -> depth (B, 1, 16h, 16w). Section 3.1 and fig. 1.

    1x1 convolution to `width` channels, four doublings that halve the channels, dropout, 3x3 convolution.
    """

    def __init__(self, channels: int, width: int, doubling: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, width, 1, bias=False)
        self.reduce_norm = nn.BatchNorm2d(width)
        self.doublings = nn.Sequential(*(doubling(width >> k, width >> k + 1) for k in range(DOUBLINGS)))
        self.dropout = nn.Dropout()
        self.predict = nn.Conv2d(width >> DOUBLINGS, 1, 3, padding=1)
        initialise_normal(self)

    def forward(self, features: Tensor) -> Tensor:
        features = self.doublings(self.reduce_norm(self.reduce(features)))
        return self.predict(self.dropout(features))


def resnet_up_projection() -> EncoderDecoder:
    """ResNet UpProj: (B, 3, 228, 304) -> (B, 1, 128, 160); any other size to half of it, rounded up to 16 pixels."""
    return EncoderDecoder(ResNet(50), UpSampler(2048, 1024, UpProjection))


def resnet_up_convolution() -> EncoderDecoder:
    """ResNet UpConv: (B, 3, 228, 304) -> (B, 1, 128, 160); other sizes as resnet_up_projection."""
    return EncoderDecoder(ResNet(50), UpSampler(2048, 1024, up_convolution))


def resnet_deconvolution() -> EncoderDecoder:
    """ResNet DeConv: (B, 3, 228, 304) -> (B, 1, 128, 160); other sizes as resnet_up_projection."""
    return EncoderDecoder(ResNet(50), UpSampler(2048, 1024, deconvolution))


def vgg_up_convolution() -> EncoderDecoder:
    """VGG UpConv: (B, 3, 228, 304) -> (B, 1, 112, 144); any other size to half of it, rounded down to 16 pixels."""
    return EncoderDecoder(Vgg16(), UpSampler(Vgg16.channels, 464, up_convolution))


def alexnet_up_convolution() -> EncoderDecoder:
    """AlexNet UpConv: (B, 3, 228, 304) -> (B, 1, 96, 128); about half of any other size."""
    return EncoderDecoder(AlexNet(), UpSampler(AlexNet.channels, 472, up_convolution))


def alexnet_fc() -> EncoderDecoder:
    """AlexNet FC: (B, 3, 228, 304) -> (B, 1, 96, 128), through 4096 hidden units with dropout."""
    decoder = nn.Sequential(nn.Flatten(), nn.Linear(256 * 6 * 8, 4096), nn.ReLU(), nn.Dropout(),
                            nn.Linear(4096, 96 * 128), nn.Unflatten(1, (1, 96, 128)))
    initialise_normal(decoder)
    return EncoderDecoder(AlexNet(), decoder, NYU_SIZE)


def resnet_fc() -> EncoderDecoder:
    """ResNet FC: (B, 3, 228, 304) -> (B, 1, 48, 64), from features averaged to 2 x 4. Section 3.1."""
    decoder = nn.Sequential(nn.AvgPool2d(7, stride=1), nn.Flatten(), nn.Dropout(),
                            nn.Linear(2048 * 2 * 4, 48 * 64), nn.Unflatten(1, (1, 48, 64)))
    initialise_normal(decoder)
    return EncoderDecoder(ResNet(50), decoder, NYU_SIZE)
