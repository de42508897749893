"""slam.mapping.keyframe_images: images come back as they were, and do not grow without end."""

import numpy as np

from slam.mapping.keyframe_images import KeyframeImageConfig, KeyframeImages
from tests.helpers import scenes


def test_an_image_comes_back():
    images, rgb = KeyframeImages(KeyframeImageConfig()), scenes.picture(np.eye(4))[0]
    images.add(0, rgb)
    assert images.rows == [0] and np.abs(images.rgb(0).astype(int) - rgb).mean() < 2


def test_of_very_many_every_second_one_is_kept():
    images, rgb = KeyframeImages(KeyframeImageConfig(max_mb=0.02)), scenes.picture(np.eye(4))[0]
    for row in range(40):
        images.add(row, rgb)
    step = images.rows[1]
    assert step > 1 and images.rows == list(range(0, 40, step)) and images.size_mb <= 0.02
