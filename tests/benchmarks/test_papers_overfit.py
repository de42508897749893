"""Every network learns eight images by heart, so that what it lacks in the papers' table is training."""

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks.papers_overfit import IMAGES, LEARNT_REL, Batch, images_of, overfitted
from depth.data.catalogue import open_dataset
from depth.networks.registry import NETWORKS, find
from tests.helpers.depth_datasets import write_nyu_folder

torch.set_num_threads(1)


def made_up(size):
    """Images of (height, width) of soft colours, each with a soft surface of its own at 1.5 to 4 m."""
    rng = np.random.default_rng(0)
    fields = [cv2.resize(rng.uniform(0, 1, (4, 6, 8)), size[::-1], interpolation=cv2.INTER_LINEAR) for _ in range(4)]
    rgb = torch.from_numpy(np.stack(fields[:3]).transpose(3, 0, 1, 2) * 255).to(torch.uint8)
    return Batch(rgb, torch.from_numpy(1.5 + 2.5 * fields[3].transpose(2, 0, 1)[:, None]).float())


@pytest.mark.heavy
def test_one_network_learns_eight_images():
    outcome = overfitted(find("cnn"), made_up((16, 24)), max_steps=150)
    assert outcome.rel < LEARNT_REL and outcome.steps % 10 == 0


def test_a_network_that_has_not_learnt_says_so():
    outcome = overfitted(find("cnn"), made_up((16, 24)), max_steps=1)
    assert outcome.rel > LEARNT_REL and outcome == (1, outcome.rel, 0)


@pytest.mark.heavy
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_learns_eight_images(name):
    network = find(name)
    outcome = overfitted(network, made_up((64, 96) if network.side_multiple else network.input_size), max_steps=600)
    assert outcome.rel < LEARNT_REL


def test_images_are_taken_evenly_and_upright(tmp_path):
    dataset = open_dataset(write_nyu_folder(tmp_path, range(20), size=(48, 64)))
    images = images_of(dataset, (32, 48))
    assert images.rgb.shape == (IMAGES, 3, 32, 48) and images.depth_m.shape == (IMAGES, 1, 32, 48)
    assert len(set(images.depth_m.flatten(1).amax(1).tolist())) == IMAGES
