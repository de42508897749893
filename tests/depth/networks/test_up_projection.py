"""Up-projection against its figure."""

import pytest

torch = pytest.importorskip("torch")
from torch.nn import functional

from depth.networks.unpooling import unpool_averages, unpool_zeros
from depth.networks.up_projection import UpProjection
from tests.helpers.up_convolutions import set_fast


def lively(block):
    """Other normalisation than an untrained network has."""
    torch.manual_seed(3)
    for name, values in block.state_dict().items():
        if "norm" in name and values.is_floating_point():
            values.uniform_(0.5, 1.5)
        elif values.is_floating_point():
            values.normal_(std=0.1)
    return block.eval()


def test_both_forms_are_equal():
    block, features = lively(UpProjection(12, 6)), torch.randn(2, 12, 5, 7)
    with torch.no_grad():
        fast = block(features)
        set_fast(block, False)
        assert fast.shape == (2, 6, 10, 14)
        assert torch.allclose(fast, block(features), atol=1e-5)


@pytest.mark.parametrize("unpool", [unpool_zeros, unpool_averages])
def test_it_is_what_figure_2c_draws(unpool):
    """Two separate 5x5 convolutions of one unpooled map; a 3x3 one behind the first; the sum through ReLU."""
    block, features = lively(UpProjection(4, 3, unpool)), torch.randn(1, 4, 4, 5)

    def norm(values, layer, channels):
        mean, var, weight, bias = (getattr(layer, name)[channels] for name in
                                   ("running_mean", "running_var", "weight", "bias"))
        return functional.batch_norm(values, mean, var, weight, bias)

    first, second = slice(0, 3), slice(3, 6)
    with torch.no_grad():
        unpooled = unpool(features)
        branch = functional.conv2d(unpooled, block.up.weight[first], padding=2)
        branch = block.conv(functional.relu(norm(branch, block.up_norm, first)))
        branch = norm(branch, block.conv_norm, first)
        projection = norm(functional.conv2d(unpooled, block.up.weight[second], padding=2), block.up_norm, second)
        assert torch.allclose(block(features), functional.relu(branch + projection), atol=1e-5)


@pytest.mark.parametrize("unpool", [unpool_zeros, unpool_averages])
def test_every_weight_learns(unpool):
    torch.manual_seed(0)
    block = UpProjection(4, 3, unpool)
    block(torch.rand(2, 4, 3, 5)).square().mean().backward()
    assert all(parameter.grad.any() for parameter in block.parameters())
