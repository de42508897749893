"""004, Zhang, Fan, Pan and Zhu, "Single Image Depth Estimation Using a Multi-Scale Convolutional Neural Network".

All take 320x240, half of NYU's frames, and predict depth in metres at a quarter of it, 80x60 (section IV-A). What text
and figures leave open, and what was chosen:
- Modified Eigen, coarse: four convolutions of the same kernels and widths as Eigen's first four, the last with 256
  channels, padded so that a pooling by 2 behind each gives 40x30, 20x15, 10x7 and 5x3; 4096 hidden units.
- Modified Eigen, fine: Eigen's first layer with 32 channels instead of 63 ("we eliminated the number of channels"),
  then three 5x5 layers, which see the 13x13 area of the text. (Its "three convolution layers" do not count the first
  then.) Of the image they see 59x59 pixels: the text's 49 are 4 x 12 + 1, without the 9x9 kernel and the pooling.
- "Rectified linear activation for all hidden units", and for the depth as well; this last layer starts with a bias of
  2.7 m, the mean depth of NYU, as it could not learn from below zero.
- AlexNet: torchvision's encoder, 4096 hidden units, and a full connection to the depth. ResNet-18: 7x7 average pooling
  moved by one pixel at a time, as in ResNet FC of laina.py, and a full connection.
"""

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from depth.networks.alexnet import AlexNet
from depth.networks.encoder_decoder import EncoderDecoder
from depth.networks.image_input import Normalise, require_size
from depth.networks.initialise import initialise_he, initialise_normal
from depth.networks.resnet import ResNet

INPUT_SIZE, OUTPUT_SIZE = (240, 320), (60, 80)
"""Sizes (height, width) of images and depth maps."""
MEAN_DEPTH_M = 2.7
"""Mean depth of NYU."""
KERNELS, STRIDES, WIDTHS = (11, 5, 3, 3), (4, 1, 1, 1), (96, 256, 384, 256)


class ModifiedEigenCoarse(nn.Module):
    """(B, 3, 240, 320) -> depth (B, 1, 60, 80). Section IV-A-1."""

    def __init__(self) -> None:
        super().__init__()
        self.normalise = Normalise()
        layers = []
        for channels_in, width, kernel, stride in zip((3, *WIDTHS), WIDTHS, KERNELS, STRIDES):
            layers += [nn.Conv2d(channels_in, width, kernel, stride, kernel // 2), nn.ReLU(), nn.MaxPool2d(2)]
        self.layers = nn.Sequential(*layers)
        self.hidden = nn.Linear(WIDTHS[-1] * 3 * 5, 4096)
        self.dropout = nn.Dropout()
        self.predict = nn.Linear(4096, OUTPUT_SIZE[0] * OUTPUT_SIZE[1])
        initialise_he(self)
        _start_at_mean_depth(self.predict)

    def forward(self, rgb: Tensor) -> Tensor:
        require_size(rgb, INPUT_SIZE)
        features = self.layers(self.normalise(rgb)).flatten(1)
        hidden = self.dropout(functional.relu(self.hidden(features)))
        return functional.relu(self.predict(hidden)).reshape(-1, 1, *OUTPUT_SIZE)


class ModifiedEigen(nn.Module):
    """Coarse and fine: (B, 3, 240, 320) -> depth (B, 1, 60, 80). Section IV-A-2.

    Trained in two stages, as Eigen's: first a ModifiedEigenCoarse, which this network keeps fixed (section IV-A-3).
    """

    def __init__(self) -> None:
        super().__init__()
        self.coarse = ModifiedEigenCoarse().requires_grad_(False)
        self.normalise = Normalise()
        self.edges = nn.Sequential(nn.Conv2d(3, 32, 9, 2, 4), nn.ReLU(), nn.MaxPool2d(2))
        self.refine = nn.Sequential(nn.Conv2d(33, 64, 5, padding=2), nn.ReLU(), nn.Conv2d(64, 64, 5, padding=2),
                                    nn.ReLU(), nn.Conv2d(64, 1, 5, padding=2))
        initialise_he(self.edges)
        initialise_he(self.refine)
        _start_at_mean_depth(self.refine[-1])

    def forward(self, rgb: Tensor) -> Tensor:
        edges = self.edges(self.normalise(rgb))
        return functional.relu(self.refine(torch.cat((edges, self.coarse(rgb)), dim=1)))

    def train(self, mode: bool = True) -> Self:
        """Change the mode, except of the coarse network, which stays in eval mode: its dropout would be input noise."""
        super().train(mode)
        self.coarse.eval()
        return self


def alexnet_depth() -> EncoderDecoder:
    """AlexNet: (B, 3, 240, 320) -> depth (B, 1, 60, 80). Fig. 3."""
    decoder = nn.Sequential(nn.Flatten(), nn.Linear(256 * 6 * 9, 4096), nn.ReLU(), nn.Dropout(), *_predict_depth(4096))
    initialise_normal(decoder)
    return EncoderDecoder(AlexNet(), decoder, INPUT_SIZE)


def resnet18_depth() -> EncoderDecoder:
    """ResNet-18: (B, 3, 240, 320) -> depth (B, 1, 60, 80). Fig. 4."""
    decoder = nn.Sequential(nn.AvgPool2d(7, stride=1), nn.Flatten(), *_predict_depth(512 * 2 * 4))
    initialise_normal(decoder)
    return EncoderDecoder(ResNet(18), decoder, INPUT_SIZE)


def _predict_depth(features):
    return nn.Linear(features, OUTPUT_SIZE[0] * OUTPUT_SIZE[1]), nn.Unflatten(1, (1, *OUTPUT_SIZE))


def _start_at_mean_depth(layer):
    """Small weights around a constant depth, for the ReLU behind has no gradient below zero."""
    nn.init.normal_(layer.weight, std=0.001)
    nn.init.constant_(layer.bias, MEAN_DEPTH_M)
