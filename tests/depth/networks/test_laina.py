"""Laina 2016: table 1, section 4.2, and both forms of the whole network."""

import pytest

torch = pytest.importorskip("torch")

from depth.networks.laina import resnet_up_projection
from depth.networks.registry import find
from depth.networks.up_convolution import UpConvolution
from tests.helpers.up_convolutions import set_fast

torch.set_num_threads(1)

TABLE_1 = {"alexnet_fc": 104.4, "alexnet_upconv": 6.3, "vgg_upconv": 18.5, "resnet_fc": 73.9, "resnet_deconv": 28.5,
           "resnet_upconv": 43.1, "resnet_upproj": 63.6}
"""Millions of parameters."""
SECTION_4_2 = {"alexnet_fc": (128, 96), "alexnet_upconv": (128, 96), "vgg_upconv": (144, 112), "resnet_fc": (64, 48),
               "resnet_deconv": (160, 128), "resnet_upconv": (160, 128), "resnet_upproj": (160, 128)}
"""Width and height of predictions; that of ResNet FC is in section 3.1."""


@pytest.mark.parametrize("name, millions", TABLE_1.items())
def test_parameters_of_table_1(name, millions):
    """To the digit where the moments of batch normalisation count, which MatConvNet keeps among its parameters."""
    network = find(f"laina_{name}")
    with torch.device("meta"):
        moments = sum(buffer.numel() for key, buffer in network.build().named_buffers() if "running_" in key)
    counted = (network.count_parameters() + moments) / 1e6
    assert counted == pytest.approx(millions, rel=0.02) if name == "alexnet_fc" else round(counted, 1) == millions


@pytest.mark.parametrize("name, size", SECTION_4_2.items())
def test_sizes_of_section_4_2(name, size):
    network = find(f"laina_{name}")
    assert network.input_size == (228, 304) and network.output_size == size[::-1]


def test_channels_of_figure_1():
    with torch.device("meta"):
        decoder = resnet_up_projection().decoder
        features = decoder.reduce(torch.zeros(1, 2048, 8, 10))
    sizes = [tuple(features.shape[1:])]
    for doubling in decoder.doublings:
        features = doubling(features)
        sizes.append(tuple(features.shape[1:]))
    assert sizes == [(1024, 8, 10), (512, 16, 20), (256, 32, 40), (128, 64, 80), (64, 128, 160)]


def test_both_forms_predict_the_same_depth():
    torch.manual_seed(0)
    network, images = resnet_up_projection().eval(), torch.rand(1, 3, 32, 64)
    with torch.no_grad():
        fast = network(images)
        set_fast(network, False)
        plain = network(images)
    assert sum(isinstance(module, UpConvolution) and not module.fast for module in network.modules()) == 4
    assert torch.allclose(fast, plain, atol=1e-5) and fast.std() > 0
