"""Recordings in TUM layout as images with depth, and the real ones where there are any."""

import numpy as np
import pytest

from calib.formats.calibration_file import Calibration, write_calibration
from calib.geometry.camera import Camera
from depth.data.catalogue import open_dataset
from tests.helpers.depth_datasets import refusal, write_image, write_png
from tests.helpers.paths import DATA
from tests.helpers.tiny_recordings import picture, write_tum


def test_recordings(tmp_path):
    write_tum(tmp_path / "room_a", count=4)
    write_tum(tmp_path / "room_b", count=3, interval_s=0.5)
    dataset = open_dataset(tmp_path)
    assert dataset.names[0] == "room_a/rgb/0.png" and len(dataset) == 7
    sample = dataset[5]
    assert np.array_equal(sample.rgb, picture(1)) and np.all(sample.depth_m == 2.0)
    assert sample.depth_camera == sample.camera.subsampled((12, 16))
    assert open_dataset(tmp_path / "room_b").names == ["rgb/0.png", "rgb/1.png", "rgb/2.png"]


def test_recordings_without_lens_distortion_or_readings(tmp_path):
    write_tum(tmp_path, count=1, depth_scale=1000.0)
    camera = Camera(32, 24, 30.0, 30.0, 15.5, 11.5, (-0.2, 0.05, 0, 0))
    write_calibration(tmp_path / "calibration.yaml", Calibration(camera, 1000.0))
    depth_u16 = np.full((24, 32), 1500)
    depth_u16[:, :16] = 65535
    write_png(tmp_path / "depth" / "0.png", depth_u16)
    sample = open_dataset(tmp_path)[0]
    assert not sample.camera.is_distorted and sample.camera.fx != 30 and sample.depth_camera == sample.camera
    assert set(np.unique(sample.depth_m)) == {0, 1.5}


def test_recordings_pair_by_time(tmp_path):
    write_tum(tmp_path, count=3)
    (tmp_path / "depth.txt").write_text("0.01 depth/0.png\n0.115 depth/1.png\n0.5 depth/2.png\n")
    assert open_dataset(tmp_path).names == ["rgb/0.png", "rgb/1.png"]
    (tmp_path / "depth.txt").write_text("# nothing\n")
    assert "depth.txt names no image" in refusal(tmp_path)
    (tmp_path / "depth.txt").write_text("0.01\n")
    assert "line 1" in refusal(tmp_path)


def test_recordings_of_another_size_than_calibrated(tmp_path):
    write_tum(tmp_path, count=1)
    write_image(tmp_path / "rgb" / "0.png", picture(0, (10, 12)))
    assert "12x10" in refusal(tmp_path) and "32x24" in refusal(tmp_path)


@pytest.mark.skipif(not (DATA / "desk").is_dir(), reason="needs the real recordings")
def test_real_recordings():
    desk = open_dataset(DATA / "desk")
    sample = desk[10]
    assert len(desk) > 500 and sample.rgb.shape == (480, 640, 3) and sample.depth_m.shape == (240, 320)
    assert 0.3 < np.median(sample.depth_m[sample.depth_m > 0]) < 3
