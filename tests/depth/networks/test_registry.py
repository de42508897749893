"""Every registered network: what the registry says of it is so, every parameter learns, predictions are repeatable."""

import functools

import pytest

torch = pytest.importorskip("torch")

from calib.base.errors import NetworkError
from depth.networks.registry import NETWORKS, find

torch.set_num_threads(1)

RUN = ("mobile", "eigen_coarse", "laina_alexnet_upconv", "laina_resnet_deconv", "cnn", "cnn_transpose", "hao",
       "zhang_eigen_coarse", "zhang_resnet18",
       *(pytest.param(name, marks=pytest.mark.heavy) for name in (
           "laina_alexnet_fc", "laina_vgg_upconv", "cnn_fc", "hao_baseline", "zhang_eigen")))
"""Those that take arithmetic here; the others are made of their parts, and of parts with tests of their own. The heavy
ones are the widest, made of the same parts as one that comes before them."""


@functools.cache
def on_paper(name):
    """The network in eval mode, without memory or arithmetic."""
    with torch.device("meta"):
        return find(name).build().eval()


def size_on_paper(name, height, width):
    """(1, 1, height, width) of what a network predicts."""
    return depth_of(on_paper(name)(torch.zeros(1, 3, height, width, device="meta"))).shape


def depth_of(output):
    return output[0] if isinstance(output, tuple) else output


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_sizes_are_those_of_the_registry(network):
    outputs = on_paper(network.name)(torch.zeros(2, 3, *network.input_size, device="meta"))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    assert all(output.shape == (2, 1, *network.output_size) for output in outputs)


@pytest.mark.parametrize("name", RUN)
def test_it_learns_and_predicts(name):
    """A gradient for all that trains; in eval mode an image gives the same depth every time, alone or in a batch."""
    torch.manual_seed(4)
    network = find(name)
    module = network.build().train()
    size = (64 if "alexnet" in name else 32, 64) if network.side_multiple else network.input_size
    images = torch.rand(2, 3, *size)
    predicted = module(images if network.side_multiple else images[:1])
    sum(output.square().mean() for output in (predicted if isinstance(predicted, tuple) else (predicted,))).backward()
    assert not [key for key, parameter in module.named_parameters()
                if parameter.requires_grad and (parameter.grad is None or not parameter.grad.any())]
    module.eval()
    with torch.no_grad():
        alone, again, both = depth_of(module(images[:1])), depth_of(module(images[:1])), depth_of(module(images))
    assert torch.equal(alone, again) and torch.isfinite(both).all()
    assert torch.allclose(alone, both[:1], atol=1e-4 * both.abs().max().item())


@pytest.mark.parametrize("network", [network for network in NETWORKS.values() if not network.side_multiple],
                         ids=lambda network: network.name)
def test_full_connections_refuse_other_sizes(network):
    height, width = network.input_size
    with pytest.raises(NetworkError, match=f"{width}x{height} only, not {width}x{height + 4}"):
        size_on_paper(network.name, height + 4, width)


@pytest.mark.parametrize("name", [name for name, network in NETWORKS.items() if network.side_multiple == 1])
def test_convolutional_networks_take_any_size(name):
    height, width = 131, 97
    depth = size_on_paper(name, height, width)
    assert abs(depth[-2] / depth[-1] * width / height - 1) < 0.25


def test_what_trains_first_is_a_part_of_what_trains_then():
    for network in NETWORKS.values():
        if network.first_stage:
            whole, part = on_paper(network.name).coarse.state_dict(), on_paper(network.first_stage).state_dict()
            assert {name: t.shape for name, t in whole.items()} == {name: t.shape for name, t in part.items()}


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(NetworkError, match="no network is called unet; there are mobile, eigen_coarse, eigen,"):
        find("unet")
