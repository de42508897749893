"""NYU as folders of images, and the real ones where there are any."""

import numpy as np
import pytest

from calib.geometry.nyu_kinect import NYU_CAMERA
from depth.data.catalogue import open_dataset
from tests.helpers.depth_datasets import refusal, write_image, write_nyu_folder
from tests.helpers.paths import DATA
from tests.helpers.tiny_recordings import picture

NYU = DATA / "nyu_labeled" / "train"


def test_nyu_folder(tmp_path):
    write_nyu_folder(tmp_path, [3, 5])
    write_nyu_folder(tmp_path / "kitchen_0001", [7])
    write_image(tmp_path / "rgb_00009.png", picture(9))  # without depth
    dataset = open_dataset(tmp_path)
    assert dataset.names == ["kitchen_0001/rgb_00007.png", "rgb_00003.png", "rgb_00005.png"] and len(dataset) == 3
    sample = dataset[2]
    assert np.array_equal(sample.rgb, picture(5)) and sample.depth_m.dtype == np.float32
    assert np.all(sample.depth_m == np.float32(1.005)) and sample.camera == NYU_CAMERA.resized((24, 32))
    write_image(tmp_path / "kitchen_0001" / "rgb_00007.png", picture(7)[:1, :1])
    assert "rgb_00007.png has 1x1 pixels" in refusal(tmp_path)


@pytest.mark.skipif(not NYU.is_dir(), reason="needs NYU's labelled images")
def test_real_nyu():
    dataset, train, val = (open_dataset(NYU, split) for split in ("all", "train", "val"))
    assert len(dataset) == 795 and len(train) + len(val) == 795 and 80 < len(val) < 120
    sample = dataset[100]
    assert sample.rgb.shape == (240, 320, 3) and sample.depth_m.shape == (240, 320)
    assert 0.5 < sample.depth_m.min() and sample.depth_m.max() <= 10
    frame = sample.rgb[:2].mean()
    assert frame > 240 and dataset.border * 320 == 4
