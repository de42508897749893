"""slam.tracking.image_store: images come back as they went in, from memory and from the file."""

import numpy as np
import pytest

from slam.tracking import image_store
from slam.tracking.image_store import ImageStore
from tests.helpers import scenes


@pytest.mark.parametrize("max_memory", [image_store.MAX_MEMORY, 1])
def test_images_come_back_in_any_order(monkeypatch, max_memory):
    monkeypatch.setattr(image_store, "MAX_MEMORY", max_memory)
    images = [scenes.picture(T)[0][..., 0] * np.float32(1 / 255) for T in scenes.turn(3, 0.3)]
    store = ImageStore()
    for image in images:
        store.append(image)
    assert len(store) == 3
    for index in (2, 0, 1, 2):
        assert store[index].dtype == np.float32
        assert np.abs(store[index] - images[index]).mean() < 1 / 255
        assert np.abs(store[index] - images[index - 1]).mean() > 4 / 255


def test_an_image_may_follow_what_was_read():
    store = ImageStore()
    store.append(np.zeros((8, 8), np.float32))
    assert store[0].max() == 0
    store.append(np.ones((8, 8), np.float32))
    assert store[0].max() == 0 and store[1].min() == 1
