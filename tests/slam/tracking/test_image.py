"""slam.tracking.image: sizes, and images at working size."""

import cv2
import numpy as np

from slam.config import SlamConfig
from slam.tracking.image import prepared, working_size
from tests.helpers import scenes

CONFIG = SlamConfig.for_network()


def test_upright_images_have_no_more_pixels_than_others():
    sizes = [working_size(scenes.CAMERA.resized(size), CONFIG)
             for size in ((480, 640), (1280, 720), (720, 1280), (640, 640))]
    assert sizes == [(240, 320), (368, 208), (176, 320), (280, 280)]


def test_colour_is_averaged_down_like_grey():
    camera = scenes.CAMERA.resized((80, 104))
    frame = scenes.frame(0, np.eye(4))
    image = prepared(frame, camera, CONFIG)
    assert image.rgb.shape == (80, 104, 3)
    assert abs(cv2.cvtColor(image.rgb, cv2.COLOR_RGB2GRAY) / 255 - image.gray).max() < 0.01
