"""001, the student re-implementation of Laina 2016, section 3: CNN+FC, CNN, CNN-transpose and CNN+Residual.

All predict depth in metres, and, but for the first, take images of any size. What the text leaves open, and what was
chosen:
- CNN+FC is Eigen's coarse network with batch normalisation (section 5.1.1) and 2x2 poolings throughout, so that its
  features have 256 x 6 x 9 values. Full connections without biases from these to 4096 and to 74x55 then have the text's
  73,293,824 parameters, exactly. Its "27,232 parameters of all the convolution layers" are the k x k weights of every
  filter counted for one input channel (11*11*96 + 5*5*256 + 3*3*(384 + 384 + 256)); over all input channels these five
  layers have 3,745,824. A sixth layer, which section 3.1 mentions, is in neither of its numbers, and is not here.
- CNN: 8 layers of 3x3 without strides, two poolings, so that the output has a quarter of the image's size; 64 channels,
  twice as many behind each pooling. The last layer has neither batch normalisation nor ReLU: it is the depth.
- CNN-transpose: a third pooling behind layer 7, and a 3x3 transposed convolution with stride 2 as the last layer.
- CNN+Residual: Laina's network with the unpooling to choose, four doublings.
"""

from torch import Tensor, nn
from torch.nn import functional

from depth.networks import eigen
from depth.networks.encoder_decoder import EncoderDecoder
from depth.networks.image_input import Normalise, require_size
from depth.networks.initialise import initialise_he, initialise_normal
from depth.networks.laina import UpSampler
from depth.networks.resnet import ResNet
from depth.networks.unpooling import unpool_averages, unpool_zeros
from depth.networks.up_projection import UpProjection

WIDTHS = ((64, 64), (128, 128), (256, 256, 256))
"""Channels of the CNN's layers before, between and behind its poolings; the eighth has one."""


class CnnFC(nn.Module):
    """CNN+FC: (B, 3, 228, 304) -> depth (B, 1, 55, 74). Section 3.1, fig. 1a."""

    def __init__(self) -> None:
        super().__init__()
        self.normalise = Normalise()
        self.layers = eigen.coarse_convolutions(nn.BatchNorm2d, last_pooling=(2, 2))
        self.hidden = nn.Linear(256 * 6 * 9, 4096, bias=False)
        self.dropout = nn.Dropout()
        self.predict = nn.Linear(4096, eigen.OUTPUT_SIZE[0] * eigen.OUTPUT_SIZE[1], bias=False)
        initialise_he(self)
        initialise_normal(self.predict, eigen.FIRST_STD)

    def forward(self, rgb: Tensor) -> Tensor:
        require_size(rgb, eigen.INPUT_SIZE)
        features = self.layers(self.normalise(rgb)).flatten(1)
        hidden = self.dropout(functional.relu(self.hidden(features)))
        return self.predict(hidden).reshape(-1, 1, *eigen.OUTPUT_SIZE)


class Cnn(nn.Module):
    """CNN, fig. 1b, or CNN-transpose: (B, 3, h, w) -> depth (B, 1, h/4, w/4), rounded down. Section 3.2."""

    def __init__(self, transpose: bool = False) -> None:
        super().__init__()
        self.normalise = Normalise()
        layers, channels_in = [], 3
        for k, widths in enumerate(WIDTHS):
            layers += [nn.MaxPool2d(2)] if k else []
            for width in widths:
                layers += [nn.Conv2d(channels_in, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
                channels_in = width
        self.layers = nn.Sequential(*layers)
        self.transpose = transpose
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.predict = (nn.ConvTranspose2d(channels_in, 1, 3, stride=2, padding=1) if transpose
                        else nn.Conv2d(channels_in, 1, 3, padding=1))
        initialise_he(self)
        initialise_normal(self.predict)

    def forward(self, rgb: Tensor) -> Tensor:
        features = self.layers(self.normalise(rgb))
        if self.transpose:
            return self.predict(self.pool(features), output_size=features.shape[-2:])
        return self.predict(features)


def cnn_residual(average: bool = False) -> EncoderDecoder:
    """CNN+Residual with zero or with average unpooling: (B, 3, 228, 304) -> depth (B, 1, 128, 160). Section 3.3."""
    unpool = unpool_averages if average else unpool_zeros
    return EncoderDecoder(ResNet(50), UpSampler(2048, 1024, lambda *channels: UpProjection(*channels, unpool=unpool)))
