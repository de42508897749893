"""Weights in files: saved and loaded, ImageNet checkpoints, and one clear line about what does not fit."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn

from calib.base.errors import NetworkError
from depth.networks.efficientnet_lite import EfficientNetLite0
from depth.networks.mobile import Mobile
from depth.networks.registry import find
from depth.networks.resnet import ResNet
from depth.networks.weights.checkpoint import fill, load_encoder, read_tensors, save_network
from depth.runtimes.torch_runtime import open_weights

torch.set_num_threads(1)


def refusal(function, *arguments):
    with pytest.raises(NetworkError) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["net.safetensors", "net.pth", "net.pt"])
def test_a_saved_network_predicts_the_same(tmp_path, name):
    torch.manual_seed(0)
    network, images = Mobile().eval(), torch.rand(1, 3, 32, 64)
    save_network(tmp_path / name, "mobile", network, {"data": "nyu"})
    tensors, facts = read_tensors(tmp_path / name)
    assert facts == {"data": "nyu", "network": "mobile"}
    loaded = find(facts["network"]).build().eval()
    fill(loaded, tensors, tmp_path / name)
    with torch.no_grad():
        assert torch.equal(loaded(images).log_depth, network(images).log_depth)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("encoder, beside", [
    (ResNet(18), {"fc.weight": (1000, 512), "fc.bias": (1000,)}),
    (EfficientNetLite0(), {"_conv_head.weight": (1280, 320, 1, 1), "_bn1.running_mean": (1280,), "_fc.bias": (1000,),
                           "_blocks.15._bn2.weight": (320,)})], ids=["resnet18", "efficientnet-lite0"])
def test_imagenet_checkpoints_fill_encoders(tmp_path, encoder, beside):
    torch.manual_seed(0)
    published = {name: torch.rand(t.shape) if t.is_floating_point() else t for name, t in encoder.state_dict().items()}
    torch.save({**published, **{name: torch.zeros(shape) for name, shape in beside.items()}}, tmp_path / "imagenet.pth")
    load_encoder(encoder, tmp_path / "imagenet.pth")
    assert all(torch.equal(tensor, published[name]) for name, tensor in encoder.state_dict().items())
    del published[next(iter(published))]
    torch.save(published, tmp_path / "imagenet.pth")
    assert f"missing: {next(iter(encoder.state_dict()))}" in refusal(load_encoder, encoder, tmp_path / "imagenet.pth")


def test_everything_that_does_not_fit_is_in_one_line():
    layer = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))
    tensors = {"0.weight": torch.zeros(3, 5), "0.bias": torch.zeros(3), "1.bias": torch.zeros(()),
               "fc.weight": torch.zeros(1)}
    assert refusal(fill, layer, tensors, "a.pth") == (
        "the weights in a.pth do not fit the network; missing: 1.weight; surplus: fc.weight; "
        "of the wrong shape: 0.weight is 3x5 and not 3x2, 1.bias is one number and not 4")
    assert "missing: 0.weight, 0.bias, 1.weight and 1 more" in refusal(fill, layer, {}, "a.pth")


def test_counters_of_old_checkpoints_may_be_missing():
    norm = nn.BatchNorm2d(2)
    fill(norm, {name: t + 1 for name, t in norm.state_dict().items() if name != "num_batches_tracked"}, "a.pth")
    assert norm.running_mean.tolist() == [1, 1]


@pytest.mark.parametrize("wrap", [lambda t: t, lambda t: {"state_dict": t, "epoch": 3}, lambda t: {"model": t},
                                  lambda t: {"state_dict": {f"module.{name}": v for name, v in t.items()}}])
def test_ways_people_save_weights(tmp_path, wrap):
    torch.save(wrap({"a.weight": torch.ones(2)}), tmp_path / "a.pth")
    tensors, _ = read_tensors(tmp_path / "a.pth")
    assert list(tensors) == ["a.weight"]


class Pickled:
    """Not a tensor; a file with one could run anything when it is loaded."""


@pytest.mark.parametrize("content, message", [
    (b"", "no file of torch weights"), (b"\x80\x02u.", "no file of torch weights"),
    (b"not weights", "no file of torch weights"),
    (b"PK\x03\x04" + bytes(60), "no file of torch weights"), (Pickled(), "no file of torch weights"),
    ([1, 2], "no table of named tensors"), ({"epoch": 3}, "no table of named tensors"), ({}, "no table")])
def test_files_without_weights(tmp_path, content, message):
    path = tmp_path / "a.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    assert message in refusal(read_tensors, path)


def test_files_that_are_not_there_or_of_no_known_kind(tmp_path):
    assert "give a file that exists" in refusal(read_tensors, tmp_path / "a.pth")
    assert "give an .onnx file that exists" in refusal(read_tensors, tmp_path / "a.onnx")
    assert ".safetensors, .pth, .pt" in refusal(save_network, tmp_path / "a.bin", "mobile", nn.Linear(1, 1))


def test_weights_of_nobody_knows_what(tmp_path):
    torch.save(nn.Linear(1, 1).state_dict(), tmp_path / "a.pth")
    assert "does not say which network" in refusal(open_weights, tmp_path / "a.pth")
    save_network(tmp_path / "a.pth", "mobilenet", nn.Linear(1, 1))
    assert "no network is called mobilenet" in refusal(open_weights, tmp_path / "a.pth")
    save_network(tmp_path / "a.pth", "mobile", nn.Linear(1, 1))
    assert "surplus: weight, bias" in refusal(open_weights, tmp_path / "a.pth")
