"""calib.files.mask_file: masks of every kind that people draw, and what is no mask."""

import cv2
import numpy as np
import pytest

from calib.base.errors import BadInputError
from calib.files.mask_file import read_mask
from calib.geometry.camera import Camera

CAMERA = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
USABLE = np.ones(CAMERA.size, bool)
USABLE[32:] = False


def rgba(alpha):
    return np.dstack([np.full((*CAMERA.size, 3), 90, np.uint8), alpha])


@pytest.mark.parametrize("name, image", [
    ("grey.png", 255 * USABLE.astype(np.uint8)),
    ("zero_and_one.png", USABLE.astype(np.uint8)),
    ("sixteen_bits.png", 65535 * USABLE.astype(np.uint16)),
    ("colour.png", np.repeat(200 * USABLE.astype(np.uint8)[..., None], 3, -1)),
    ("lossy.jpg", 255 * USABLE.astype(np.uint8)),
    ("transparent.png", rgba(255 * USABLE.astype(np.uint8))),
    ("larger.png", np.repeat(np.repeat(255 * USABLE.astype(np.uint8), 3, 0), 3, 1))])
def test_black_or_transparent_is_ignored(tmp_path, name, image):
    cv2.imwrite(str(tmp_path / name), image)
    assert np.array_equal(read_mask(tmp_path / name, CAMERA), USABLE)


@pytest.mark.parametrize("image, says", [
    (np.full((48, 48), 255, np.uint8), "the mask is 48x48 but the images are 64x48, another aspect ratio"),
    (np.zeros(CAMERA.size, np.uint8), "the mask leaves 0% of the image"),
    (None, "not an image")])
def test_what_is_no_mask(tmp_path, image, says):
    path = tmp_path / "mask.png"
    path.write_bytes(b"nothing" * 9 if image is None else cv2.imencode(".png", image)[1].tobytes())
    with pytest.raises(BadInputError, match=says):
        read_mask(path, CAMERA)
