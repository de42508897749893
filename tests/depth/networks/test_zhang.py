"""004: layers and receptive field of the modified Eigen network."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn

from depth.networks.registry import find
from depth.networks.zhang import MEAN_DEPTH_M, ModifiedEigen, ModifiedEigenCoarse

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return ModifiedEigen().eval()


def test_four_layers_with_poolings_then_two_full_connections():
    with torch.device("meta"):
        coarse, features = ModifiedEigenCoarse(), torch.zeros(1, 3, 240, 320)
    sizes = []
    for layer in coarse.layers:
        features = layer(features)
        if isinstance(layer, nn.MaxPool2d):
            sizes.append(tuple(features.shape[-2:]))
    assert sizes == [(30, 40), (15, 20), (7, 10), (3, 5)]
    assert sum(isinstance(layer, nn.Linear) for layer in coarse.modules()) == 2


def test_the_last_three_layers_see_13x13(network):
    features = torch.rand(1, 33, 25, 25, requires_grad=True)
    network.refine(features)[0, 0, 12, 12].backward()
    seen = features.grad.abs().sum((0, 1)).nonzero()
    assert (seen.min(0).values.tolist(), seen.max(0).values.tolist()) == ([6, 6], [18, 18])


def test_the_fine_network_sees_59x59_pixels_of_the_image(network):
    """The text's 49x49 are 4 x 12 + 1. Means stand for the pooling, which lets the gradient of one pixel through."""
    edges = nn.Sequential(network.edges[0], nn.AvgPool2d(2))
    image = torch.rand(1, 3, 120, 120, requires_grad=True)
    features = torch.cat((edges(image), torch.zeros(1, 1, 30, 30)), dim=1)
    linear = nn.Sequential(*(layer for layer in network.refine if not isinstance(layer, nn.ReLU)))
    linear(features)[0, 0, 15, 15].backward()
    rows = image.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert rows.max() - rows.min() + 1 == 59


def test_depth_starts_at_the_mean_and_is_never_negative(network):
    with torch.no_grad():
        depth = network(torch.rand(1, 3, 240, 320))
        assert depth.min() >= 0 and abs(depth.mean() - MEAN_DEPTH_M) < 0.5
        bias = network.refine[-1].bias.clone()
        network.refine[-1].bias -= 10
        assert network(torch.rand(1, 3, 240, 320)).max() == 0
        network.refine[-1].bias.copy_(bias)


def test_fewer_parameters_than_eigen():
    assert find("zhang_eigen").count_parameters() < find("eigen").count_parameters()
