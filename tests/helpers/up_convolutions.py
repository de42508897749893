"""Up-convolutions in their fast and in their plain form."""

from torch import nn

from depth.networks.unpooling import unpool_zeros
from depth.networks.up_convolution import UpConvolution


def set_fast(network: nn.Module, fast: bool) -> None:
    """Choose the form of every up-convolution in a network that has both."""
    for module in network.modules():
        if isinstance(module, UpConvolution):
            module.fast = fast and module.unpool is unpool_zeros
