"""Eigen 2014: figure 1 and training in two stages."""

import pytest

torch = pytest.importorskip("torch")

from depth.evaluation.protocol import EIGEN_KITTI_COLUMNS, EIGEN_KITTI_ROWS
from depth.networks.eigen import KITTI, Eigen, EigenCoarse, whole

torch.set_num_threads(1)


def test_layers_of_the_coarse_network():
    with torch.device("meta"):
        coarse, features = EigenCoarse(), torch.zeros(1, 3, 228, 304)
    sizes = []
    for layer in coarse.layers:
        features = layer(features)
        sizes.append(tuple(features.shape[1:]))
    assert sizes[0] == (96, 55, 74)
    assert [sizes[k] for k in (2, 5, 7, 9, 12)] == [(96, 27, 37), (256, 13, 18), (384, 13, 18), (384, 13, 18),
                                                   (256, 6, 8)]
    assert (coarse.layer6.out_features, coarse.layer7.out_features) == (4096, 74 * 55)


def test_layers_of_the_fine_network():
    with torch.device("meta"):
        network = Eigen()
        assert network.fine1(torch.zeros(1, 3, 228, 304)).shape == (1, 63, 55, 74)
    assert (network.fine3[0].in_channels, network.fine4.in_channels, network.fine4.out_channels) == (64, 64, 1)


def test_sizes_on_kitti():
    with torch.device("meta"):
        network, image = Eigen(KITTI), torch.zeros(1, 3, 172, 576)
        features, sizes = image, []
        for layer in network.coarse.layers:
            features = layer(features)
            sizes.append(tuple(features.shape[-2:]))
        assert [sizes[k] for k in (2, 5, 7, 9, 12)] == [(20, 71), (9, 35), (9, 35), (9, 35), (4, 17)]
        assert network.fine1(image[..., slice(*KITTI.fine_rows), :]).shape == (1, 63, 27, 142)
        assert network.coarse.target(image).shape == (1, 1, 27, 142) and network(image).shape == (1, 1, 43, 144)


def test_the_target_on_kitti_is_eigens_crop_of_it():
    """The input is the middle of the image at half its size, 612x184; the crop is given in shares of the image."""
    rows, columns = whole(torch.zeros(1, 1, 27, 142), KITTI), KITTI.margins
    assert rows.shape[-2:] == (43, 144)
    top, left = (184 - 172) / 2 + 4 * columns[2], (612 - 576) / 2 + 4 * columns[0]
    assert (left / 612, (left + 4 * 142) / 612) == pytest.approx(EIGEN_KITTI_COLUMNS, abs=1 / 612)
    assert (top / 184, (top + 4 * 27) / 184) == pytest.approx(EIGEN_KITTI_ROWS, abs=2 / 184)


def test_the_second_stage_leaves_the_first_as_it_is():
    torch.manual_seed(0)
    network, images = Eigen().train(), torch.rand(1, 3, 228, 304)
    coarse, fine = network.coarse(images), network(images)
    fine.square().mean().backward()
    assert all((parameter.grad is None) == name.startswith("coarse.") for name, parameter in network.named_parameters())
    torch.optim.SGD(network.parameters(), lr=0.01).step()
    assert torch.equal(network.coarse(images), coarse), "neither its weights change, nor is there dropout"
    after = network(images)
    assert not torch.allclose(after, fine)
    with torch.no_grad():
        network.coarse.layer7.bias += 1
    assert (network(images) - after).abs().min() > 0, "the coarse prediction reaches every pixel of the fine one"
