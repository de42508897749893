"""The default network: size, outputs, and the same numbers in ONNX Runtime."""

import math

import pytest

torch = pytest.importorskip("torch")

from calib.base.errors import NetworkError
from depth.networks.mobile import FIRST_GUESS, Mobile

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def network():
    """Untrained, but with statistics and predictions that vary over the image."""
    torch.manual_seed(0)
    network = Mobile().train()
    torch.nn.init.normal_(network.predict.weight, std=0.3)
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(4, 3, 64, 96))
    return network.eval()


def test_it_is_small():
    assert sum(parameter.numel() for parameter in Mobile().parameters()) <= 5_000_000


def test_two_outputs_at_half_the_size(network):
    with torch.no_grad():
        output = network(torch.rand(2, 3, 96, 160))
    assert output._fields == ("log_depth", "log_error")
    assert output.log_depth.shape == output.log_error.shape == (2, 1, 48, 80)
    assert not torch.allclose(output.log_depth, output.log_error)


def test_the_first_guess():
    with torch.no_grad():
        log_depth, log_error = Mobile().eval()(torch.rand(1, 3, 64, 64))
    assert FIRST_GUESS == pytest.approx((math.log(2.5), math.log(0.3)), abs=0.02)
    assert log_depth.mean().item() == pytest.approx(FIRST_GUESS[0], abs=0.3)
    assert log_error.mean().item() == pytest.approx(FIRST_GUESS[1], abs=0.3)


def test_every_pixel_sees_the_whole_image(network):
    images = torch.rand(1, 3, 224, 288, requires_grad=True)
    network(images).log_depth[0, 0, 0, 0].backward()
    assert images.grad[..., -32:, -32:].any()


@pytest.mark.parametrize("height, width", [(224, 300), (225, 288), (16, 32)])
def test_other_sizes_are_refused(network, height, width):
    with pytest.raises(NetworkError, match=f"multiples of 32, not {width}x{height}"):
        network(torch.rand(1, 3, height, width))
