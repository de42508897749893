"""Unpooling, by hand."""

import pytest

torch = pytest.importorskip("torch")

from depth.networks.unpooling import interleave, unpool_averages, unpool_zeros


def test_zeros_stand_to_the_right_and_below():
    features = torch.tensor([[[[1.0, 2], [3, 4]]]])
    expected = [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    assert unpool_zeros(features)[0, 0].tolist() == expected


def test_averages_stand_between_and_edges_are_repeated():
    features = torch.tensor([[[[1.0, 3], [5, 7]]]])
    expected = [[1, 2, 3, 3], [3, 4, 5, 5], [5, 6, 7, 7], [5, 6, 7, 7]]
    assert unpool_averages(features)[0, 0].tolist() == expected


def test_interleaving_keeps_images_and_channels_apart():
    parts = torch.arange(4 * 2 * 3 * 5 * 6.0).reshape(4, 2, 3, 5, 6)
    woven = interleave(*parts)
    assert woven.shape == (2, 3, 10, 12)
    assert all(torch.equal(woven[..., k // 2::2, k % 2::2], parts[k]) for k in range(4))
