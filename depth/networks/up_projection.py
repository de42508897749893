"""Up-projection: an up-convolution with a residual branch. Laina 2016, section 3.1, fig. 2c and 2d."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from depth.networks.unpooling import unpool_zeros
from depth.networks.up_convolution import UpConvolution


class UpProjection(nn.Module):
    """(B, channels_in, h, w) -> (B, channels_out, 2h, 2w).

    The branch is up-convolution, ReLU, 3x3 convolution; the projection is another up-convolution; their sum goes
    through ReLU. Both up-convolutions see the same unpooled map, so they are one with twice the channels, branch first.
    Batch normalisation follows every convolution, as in the authors' release. `up` may be another doubling convolution.
    """

    def __init__(self, channels_in: int, channels_out: int, unpool: Callable[[Tensor], Tensor] = unpool_zeros,
                 up: nn.Module | None = None) -> None:
        super().__init__()
        self.up = up or UpConvolution(channels_in, 2 * channels_out, unpool)
        self.up_norm = nn.BatchNorm2d(2 * channels_out)
        self.conv = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.conv_norm = nn.BatchNorm2d(channels_out)
        nn.init.normal_(self.conv.weight, std=0.01)

    def forward(self, features: Tensor) -> Tensor:
        branch, projection = self.up_norm(self.up(features)).chunk(2, dim=1)
        return functional.relu(self.conv_norm(self.conv(functional.relu(branch))) + projection)
