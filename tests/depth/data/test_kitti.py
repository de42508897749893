"""KITTI with laser points and with dense maps."""

import numpy as np
import pytest

from calib.geometry.camera import Camera
from depth.data import kitti
from depth.data.catalogue import open_dataset
from tests.helpers.depth_datasets import refusal, write_image, write_png


def write_kitti(folder, dense):
    day = folder / "2011_09_26"
    drive = day / "2011_09_26_drive_0001_sync"
    write_image(drive / "image_02" / "data" / "0000000005.png", np.full((20, 60, 3), 90, np.uint8))
    (day / "calib_cam_to_cam.txt").write_text(
        "calib_time: 09-Jan-2012 13:57:47\nR_rect_00: 1 0 0 0 1 0 0 0 1\nP_rect_02: 30 0 30 3 0 30 10 0 0 0 1 0\n")
    (day / "calib_velo_to_cam.txt").write_text("R: 0 -1 0 0 0 -1 1 0 0\nT: 0 0 -0.5\n")
    if dense:
        ground_truth = folder / "train" / drive.name / "proj_depth" / "groundtruth" / "image_02" / "0000000005.png"
        write_png(ground_truth, np.full((20, 60), 256 * 7 + 128))
    else:
        points = np.float32([[10.5, 0, 0, 1], [5.5, 0, 0, 1], [-3, 0, 0, 1], [10.5, -2, 1, 1], [8, 99, 0, 1]])
        (drive / "velodyne_points" / "data").mkdir(parents=True)
        points.tofile(drive / "velodyne_points" / "data" / "0000000005.bin")


def test_kitti_with_laser_points(tmp_path):
    write_kitti(tmp_path, dense=False)
    dataset = open_dataset(tmp_path)
    sample = dataset[0]
    found = {(v, u): z for v, u, z in zip(*np.nonzero(sample.depth_m), sample.depth_m[sample.depth_m > 0])}
    # ahead at 10 m and at 5 m: u = 30 + 3 / z, v = 10, counted from 1; (2, -1, 10): u = 36.3, v = 7
    assert found == pytest.approx({(9, 29): 10.0, (9, 30): 5.0, (6, 35): 10.0})
    assert sample.camera == Camera(60, 20, 30, 30, 30, 10)
    (tmp_path / "2011_09_26" / "calib_velo_to_cam.txt").write_text("T: 0 0 0\n")
    kitti.calibration.cache_clear()
    assert "calibration files" in refusal(tmp_path)


def test_kitti_with_dense_maps_and_a_list(tmp_path):
    write_kitti(tmp_path, dense=True)
    kitti.calibration.cache_clear()
    (tmp_path / "eigen.txt").write_text("2011_09_26/2011_09_26_drive_0001_sync/image_02/data/0000000005.png x 721.5\n")
    dataset = open_dataset(tmp_path, str(tmp_path / "eigen.txt"))
    assert len(dataset) == 1 and np.all(dataset[0].depth_m == 7.5)
