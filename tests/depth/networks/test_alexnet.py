"""The AlexNet encoder: torchvision's names and numbers."""

import pytest

torch = pytest.importorskip("torch")

from depth.networks.alexnet import AlexNet


def test_names_and_numbers_of_torchvision():
    with torch.device("meta"):
        encoder = AlexNet()
    names = [f"features.{layer}.{kind}" for layer in (0, 3, 6, 8, 10) for kind in ("weight", "bias")]
    assert list(encoder.state_dict()) == names
    assert sum(p.numel() for p in encoder.parameters()) == 2_469_696


def test_size():
    with torch.device("meta"):
        assert AlexNet()(torch.zeros(1, 3, 228, 304))[-1].shape == (1, 256, 6, 8)
