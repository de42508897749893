"""The VGG-16 encoder: torchvision's names and numbers."""

import pytest

torch = pytest.importorskip("torch")

from depth.networks.vgg import Vgg16


def test_names_and_numbers_of_torchvision():
    with torch.device("meta"):
        encoder = Vgg16()
    layers = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    assert list(encoder.state_dict()) == [f"features.{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]
    assert sum(p.numel() for p in encoder.parameters()) == 14_714_688


def test_size():
    with torch.device("meta"):
        assert Vgg16()(torch.zeros(1, 3, 228, 304))[-1].shape == (1, 512, 7, 9)
