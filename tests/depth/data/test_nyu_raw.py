"""NYU's raw recordings."""

import numpy as np

from calib.geometry.nyu_kinect import DEPTH_NUMERATOR, DEPTH_OFFSET
from depth.data.catalogue import open_dataset
from tests.helpers.depth_datasets import refusal, write_image


def write_pgm(path, values):
    """16-bit PGM as the recorder wrote it, with the bytes the other way round."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = f"P5\n{values.shape[1]} {values.shape[0]}\n65535\n".encode()
    path.write_bytes(header + values.astype("<u2").tobytes())


def raw_disparity(depth_m):
    return DEPTH_OFFSET - DEPTH_NUMERATOR / depth_m


def test_nyu_raw(tmp_path):
    scene = tmp_path / "office_0001"
    disparity = np.full((480, 640), raw_disparity(2.0))
    disparity[:40], disparity[-40:] = raw_disparity(1.0), 2047  # nearest of all, and none
    disparity[40:60] = raw_disparity(9.0)
    write_pgm(scene / "d-10.00-1.pgm", np.rint(disparity))
    write_image(scene / "r-10.01-1.ppm", np.full((480, 640, 3), 77, np.uint8))
    sample = open_dataset(tmp_path)[0]
    seen = sample.depth_m[sample.depth_m > 0]
    step_m = 2.0**2 / DEPTH_NUMERATOR  # between neighbouring disparities
    assert sample.rgb.shape == (480, 640, 3) and sample.depth_m.shape == (480, 640)
    assert np.abs(seen - 2.0).max() < step_m + 0.02 and (sample.depth_m[100:400, 60:580] > 0).mean() > 0.7
    assert np.all(sample.depth_m[:30] == 0)  # least and greatest of the image are no measurements


def test_nyu_raw_images_of_another_size(tmp_path):
    write_pgm(tmp_path / "d-10.00-1.pgm", np.full((240, 320), 900))
    write_image(tmp_path / "r-10.01-1.ppm", np.full((480, 640, 3), 77, np.uint8))
    assert "are not both 640x480" in refusal(tmp_path)
