"""The AlexNet encoder with torchvision's names. Krizhevsky 2012, in the one-column form of Krizhevsky 2014."""

from torch import Tensor, nn


class AlexNet(nn.Module):
    """Normalised images (B, 3, h, w) -> one stage: features (B, 256, h/32, w/32), about, after the last pooling.

    Channels 64, 192, 384, 256, 256, torch's own initialisation.
    """

    surplus = ("classifier.",)
    """Beginnings of the names that an ImageNet checkpoint has besides these."""
    channels = 256

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2))

    def forward(self, image: Tensor) -> tuple[Tensor]:
        return (self.features(image),)
