"""The first step of every network: RGB in [0, 1] into the range that its encoder was pretrained with."""

import torch
from torch import Tensor, nn

from calib.base.errors import NetworkError


class Normalise(nn.Module):
    """(B, 3, h, w) RGB in [0, 1] -> (rgb - mean) / std per channel. By default ImageNet's, as torchvision uses it."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: tuple[float, float, float] = (0.485, 0.456, 0.406),
                 std: tuple[float, float, float] = (0.229, 0.224, 0.225)) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, rgb: Tensor) -> Tensor:
        return (rgb - self.mean) / self.std


def require_size(rgb: Tensor, size: tuple[int, int]) -> None:
    """Raise NetworkError unless the images have the (height, width) that full connections were built for."""
    if tuple(rgb.shape[-2:]) != tuple(size):
        raise NetworkError(f"this network has full connections and takes images of {size[1]}x{size[0]} only, "
                           f"not {rgb.shape[-1]}x{rgb.shape[-2]}")
