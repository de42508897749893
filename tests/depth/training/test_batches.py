"""Batches of augmented images and their order."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from calib.base.errors import BadInputError
from depth.data.augmentation import AUGMENTATIONS
from depth.data.nyu_folder import NyuFolder
from depth.estimator import DepthPrediction
from depth.training.batches import AugmentedImages, Order, batches
from depth.training.mixture import Mixture
from depth.training.teachers import Teachers
from tests.helpers.depth_datasets import write_nyu_folder
from tests.helpers.training_runs import NUMBERS, write_images

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("nyu"))


def test_the_order_depends_on_the_step_alone():
    mixture = Mixture([10], [], 3)
    whole = list(Order(mixture, 4, 0, 9))
    assert list(Order(mixture, 4, 5, 9)) == whole[5:] and len(Order(mixture, 4, 5, 9)) == 4
    parts = [list(Order(mixture, 4, 0, 9, rank, 2)) for rank in (0, 1)]
    assert [a + b for a, b in zip(*parts)] == whole
    assert [len(pairs) for pairs in Order(Mixture([3], [], 0), 8, 0, 1)] == [8]  # fewer images than a batch has


def test_batches_are_the_same_with_and_without_workers(images):
    dataset = AugmentedImages([NyuFolder(images)], AUGMENTATIONS["strong"], (32, 32), 40.0, seed=1)
    both = [list(batches(dataset, Order(Mixture([len(dataset)], [], 1), 4, 0, 3), workers)) for workers in (0, 1)]
    for (rgb, depth_m, _), (rgb_again, depth_again, _) in zip(*both):
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
        list(batches(dataset, Order(Mixture([4], [], 0), 4, 0, 1), workers))
    assert "rgb_00002.png" in str(caught.value) and "\n" not in str(caught.value)


class Wall:
    """Says that everything is 2 m away, and remembers what it was asked."""

    def predict(self, rgb, camera):
        self.asked = rgb, camera
        return DepthPrediction(np.full((16, 16), 2, np.float32), None, 0.0)


def test_teachers_see_what_the_student_sees(images, monkeypatch):
    near, far = Wall(), Wall()
    far.predict = lambda rgb, camera: DepthPrediction(np.full((8, 8), 8, np.float32), None, 0.0)
    monkeypatch.setattr("depth.training.teachers.open_estimator", lambda path, device: {"a": near, "b": far}[str(path)])
    teachers = Teachers("ab", (32, 64), 40.0)
    dataset = AugmentedImages([NyuFolder(images)], AUGMENTATIONS["strong"], (32, 64), 40.0, 0, teachers)
    batch = next(batches(dataset, Order(Mixture([len(dataset)], [], 1), 1, 0, 1), 0))
    assert batch.taught.shape == (1, 1, 16, 32) and torch.allclose(batch.taught, torch.tensor(4.0).log())
    rgb, camera = near.asked
    assert np.array_equal(batch.rgb[0].permute(1, 2, 0).numpy(), rgb)
    assert (camera.width, camera.height, camera.fx, camera.cy) == (64, 32, 40.0, 15.5)
