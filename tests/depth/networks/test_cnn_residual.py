"""001: its counts, layers and unpoolings."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn

from depth.networks.cnn_residual import Cnn, CnnFC, cnn_residual
from depth.networks.unpooling import unpool_averages, unpool_zeros
from depth.networks.up_convolution import UpConvolution


def layers(network, *kinds):
    return [module for module in network.modules() if isinstance(module, kinds)]


@pytest.fixture(scope="module")
def cnn_fc():
    with torch.device("meta"):
        return CnnFC()


def test_parameters_of_the_full_connections(cnn_fc):
    assert sum(p.numel() for layer in layers(cnn_fc, nn.Linear) for p in layer.parameters()) == 73_293_824


def test_the_text_counts_each_filter_once(cnn_fc):
    """Its 27,232 are one k x k kernel a filter; every filter has one for each input channel."""
    filters = [layer.weight for layer in layers(cnn_fc, nn.Conv2d)]
    assert sum(weight[:, 0].numel() for weight in filters) == 27_232
    assert sum(weight.numel() for weight in filters) == 3_745_824
    assert not any(layer.bias is not None for layer in layers(cnn_fc, nn.Conv2d, nn.Linear))


@pytest.mark.parametrize("transpose, last", [(False, nn.Conv2d), (True, nn.ConvTranspose2d)])
def test_eight_layers_of_3x3(transpose, last):
    with torch.device("meta"):
        network = Cnn(transpose)
    convolutions = layers(network, nn.Conv2d, nn.ConvTranspose2d)
    assert len(convolutions) == 8 and {layer.kernel_size for layer in convolutions} == {(3, 3)}
    assert type(convolutions[-1]) is last and len(layers(network, nn.BatchNorm2d)) == 7


@pytest.mark.parametrize("height, width", [(228, 304), (227, 303), (64, 90)])
def test_transposed_output_has_the_size_of_the_other(height, width):
    with torch.device("meta"):
        sizes = [Cnn(transpose)(torch.zeros(1, 3, height, width)).shape for transpose in (False, True)]
    assert sizes[0] == sizes[1] == (1, 1, height // 4, width // 4)


@pytest.mark.parametrize("average, unpool", [(False, unpool_zeros), (True, unpool_averages)])
def test_the_unpooling_is_the_one_chosen(average, unpool):
    with torch.device("meta"):
        ups = layers(cnn_residual(average), UpConvolution)
    assert len(ups) == 4 and all(up.unpool is unpool and up.fast == (not average) for up in ups)
