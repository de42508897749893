"""Batches of augmented images and their order."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from calib.base.errors import BadInputError
from depth.data.augmentation import AUGMENTATIONS
from depth.data.nyu_folder import NyuFolder
from depth.training.batches import AugmentedImages, Order, batches
from tests.helpers.depth_datasets import write_nyu_folder
from tests.helpers.training_runs import NUMBERS, write_images

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("nyu"))


def test_every_epoch_shows_every_image_once_in_a_new_order():
    pairs = [pair for batch in Order(10, 4, 0, 0, 5) for pair in batch]
    epochs = [[index for epoch, index in pairs if epoch == number] for number in (0, 1)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10)) and epochs[0] != epochs[1]
    assert [pair for batch in Order(10, 4, 1, 0, 5) for pair in batch] != pairs


def test_the_order_depends_on_the_step_alone():
    whole = list(Order(10, 4, 3, 0, 9))
    assert list(Order(10, 4, 3, 5, 9)) == whole[5:] and len(Order(10, 4, 3, 5, 9)) == 4
    parts = [list(Order(10, 4, 3, 0, 9, rank, 2)) for rank in (0, 1)]
    assert [a + b for a, b in zip(*parts)] == whole
    assert [len(pairs) for pairs in Order(3, 8, 0, 0, 1)] == [8]  # fewer images than a batch has


def test_batches_are_the_same_with_and_without_workers(images):
    dataset = AugmentedImages([NyuFolder(images)], AUGMENTATIONS["strong"], (32, 32), 40.0, seed=1)
    both = [list(batches(dataset, Order(len(dataset), 4, 1, 0, 3), workers)) for workers in (0, 1)]
    for (rgb, depth_m), (rgb_again, depth_again) in zip(*both):
        assert rgb.shape == (4, 3, 32, 32) and rgb.dtype == torch.uint8 and depth_m.shape == (4, 1, 32, 32)
        assert torch.equal(rgb, rgb_again) and torch.equal(depth_m, depth_again)


def test_truth_that_is_too_far_to_be_trusted_is_left_out(images):
    dataset = NyuFolder(images)
    dataset.farthest_m = 1.004  # image k has a depth of 1 m + k mm
    augmented = AugmentedImages([dataset], AUGMENTATIONS["none"], (32, 32), 40.0, seed=0)
    assert [bool(np.any(augmented[0, k][1])) for k in range(len(augmented))] == [k <= 4 for k in NUMBERS]


@pytest.mark.parametrize("workers", [0, 1])
def test_damaged_images_are_named(tmp_path, workers):
    write_nyu_folder(tmp_path, range(4), size=(48, 64))
    dataset = AugmentedImages([NyuFolder(tmp_path)], AUGMENTATIONS["none"], (32, 32), 40.0, seed=0)
    (tmp_path / "rgb_00002.png").write_bytes(b"nothing")
    with pytest.raises(BadInputError) as caught:
        list(batches(dataset, Order(4, 4, 0, 0, 1), workers))
    assert "rgb_00002.png" in str(caught.value) and "\n" not in str(caught.value)
