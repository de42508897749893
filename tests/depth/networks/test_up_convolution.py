"""Up-convolution: one function in two forms."""


import pytest

torch = pytest.importorskip("torch")

from depth.networks.unpooling import unpool_averages, unpool_zeros
from depth.networks.up_convolution import UpConvolution
from tests.helpers.up_convolutions import set_fast

torch.set_num_threads(1)


def both_forms(block, features):
    outputs = []
    for fast in (True, False):
        set_fast(block, fast)
        outputs.append(block(features))
    return outputs


@pytest.mark.parametrize("height, width", [(5, 7), (8, 10), (1, 1), (1, 6)])
def test_both_forms_are_equal(height, width):
    torch.manual_seed(0)
    block = UpConvolution(16, 8)
    torch.nn.init.normal_(block.weight, std=0.1)
    fast, plain = both_forms(block, torch.randn(2, 16, height, width))
    assert fast.shape == (2, 8, 2 * height, 2 * width)
    assert torch.allclose(fast, plain, atol=1e-5, rtol=0)


def test_both_forms_have_the_same_gradients():
    torch.manual_seed(1)
    block, features = UpConvolution(3, 4), torch.randn(2, 3, 4, 5, requires_grad=True)
    up = torch.randn(2, 4, 8, 10)
    fast, plain = (torch.autograd.grad((output * up).sum(), (features, block.weight))
                   for output in both_forms(block, features))
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(fast, plain))


def test_the_weights_that_meet_a_single_value():
    """One value in an empty map: the output is the kernel, turned, around it."""
    block = UpConvolution(1, 1)
    features = torch.zeros(1, 1, 3, 3)
    features[0, 0, 1, 1] = 1
    for output in both_forms(block, features):
        assert torch.allclose(output[0, 0, :5, :5], block.weight[0, 0].flip(0, 1))


def test_averages_have_the_plain_form_only():
    block = UpConvolution(2, 2, unpool_averages)
    features = torch.randn(1, 2, 4, 4)
    assert torch.equal(*both_forms(block, features))
    zeros = UpConvolution(2, 2, unpool_zeros)
    zeros.load_state_dict(block.state_dict())
    assert not torch.allclose(block(features), zeros(features))
