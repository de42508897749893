"""Files in the layouts of depth datasets, and what opening them refuses."""

import cv2
import numpy as np
import pytest

from calib.base.errors import BadInputError
from depth.data.catalogue import open_dataset
from tests.helpers.tiny_recordings import picture, write_rgb


def write_png(path, depth_u16):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", np.uint16(depth_u16))[1].tobytes())


def write_image(path, rgb):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rgb(path, rgb)


def write_nyu_folder(folder, numbers, size=(24, 32)):
    for number in numbers:
        write_image(folder / f"rgb_{number:05d}.png", picture(number % 50, size))
        write_png(folder / f"sync_depth_{number:05d}.png", np.full(size, 1000 + number))
    return folder


def refusal(location, split="all", kind=BadInputError):
    with pytest.raises(kind) as caught:
        dataset = open_dataset(location, split)
        dataset[0]
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2
    return str(caught.value)
