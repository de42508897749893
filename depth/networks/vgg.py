"""The VGG-16 encoder with torchvision's parameter names. Simonyan 2015, table 1, configuration D."""

from torch import Tensor, nn

WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the 3x3 convolutions between poolings."""


class Vgg16(nn.Module):
    """Normalised images (B, 3, h, w) -> one stage: features (B, 512, h/32, w/32), rounded down."""

    surplus = ("classifier.",)
    """Beginnings of the names that an ImageNet checkpoint has besides these."""
    channels = 512

    def __init__(self) -> None:
        super().__init__()
        layers, channels_in = [], 3
        for widths in WIDTHS:
            for width in widths:
                layers += [nn.Conv2d(channels_in, width, 3, padding=1), nn.ReLU()]
                channels_in = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def forward(self, image: Tensor) -> tuple[Tensor]:
        return (self.features(image),)
