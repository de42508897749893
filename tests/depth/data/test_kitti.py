"""KITTI with laser points and with dense maps."""

import os

import numpy as np
import pytest

from calib.base.errors import BadInputError
from calib.geometry.camera import Camera
from depth.data import kitti, kitti_laser, sun_rgbd
from depth.data.catalogue import open_dataset
from depth.data.kitti_laser import projected
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


def test_depth_along_the_laser_as_in_the_evaluation_that_papers_share(tmp_path):
    """The laser of write_kitti is half a metre behind the camera; where its points meet, the nearest counts."""
    write_kitti(tmp_path, dense=False)
    kitti.calibration.cache_clear()
    known_m = open_dataset(f"kitti,along=laser:{tmp_path}")[0].depth_m
    assert sorted(known_m[known_m > 0]) == [5.5, 10.5, 10.5]
    write_kitti(tmp_path / "both", dense=True)
    write_kitti(tmp_path / "both", dense=False)
    assert (open_dataset(f"kitti,along=laser:{tmp_path / 'both'}")[0].depth_m == 7.5).sum() == 0, "not the dense map"


def test_of_points_in_one_pixel_the_nearest_in_space_or_in_time_counts():
    """The laser looks ahead when the image is taken: the less a point lies to its side, the nearer in time."""
    P = np.array([[30.0, -30, 0, 0], [10, 0, -30, 0], [1, 0, 0, 0]])
    points = np.float32([[10, 0.01, 0], [5, -0.02, 0], [20, -0.05, 0]])  # all in the middle, 1, 4 and 2.5 mrad aside
    nearest, in_time = (projected(points, P, (20, 60), meeting=meeting) for meeting in ("nearest", "in_time"))
    assert (nearest[9, 29], in_time[9, 29]) == (5, 10) and (nearest > 0).sum() == (in_time > 0).sum() == 1


def write_motion(folder, accelerations_m_s2):
    """A drive of as many images, with forward and leftward acceleration of each."""
    write_kitti(folder, dense=False)
    drive = folder / "2011_09_26" / "2011_09_26_drive_0001_sync"
    for number, pair in enumerate(accelerations_m_s2):
        for kind, suffix in (("image_02", "png"), ("velodyne_points", "bin")):
            source = next((drive / kind / "data").iterdir()).read_bytes()
            (drive / kind / "data" / f"{number:010d}.{suffix}").write_bytes(source)
        (drive / "oxts" / "data").mkdir(parents=True, exist_ok=True)
        (drive / "oxts" / "data" / f"{number:010d}.txt").write_text(" ".join(map(str, [9.0] * 14 + [*pair] + [9.8])))
    for path in drive.rglob("0000000005.*"):
        if len(accelerations_m_s2) < 6:
            path.unlink()


def test_images_of_a_standing_car_can_be_left_out(tmp_path):
    write_motion(tmp_path, [(0.01, -0.02), (0.5, 0.0), (0.0, -0.3), (0.05, 0.05)])
    names = open_dataset(f"kitti,standing=dropped:{tmp_path}").names
    assert [name[-5] for name in names] == ["1", "2"] and len(open_dataset(tmp_path)) == 4
    assert len(open_dataset(f"kitti,standing=dropped,even=5:{tmp_path}")) == 5
    next(tmp_path.rglob("oxts/data/0000000001.txt")).unlink()
    assert "does not say how the car moved" in refusal(f"kitti,standing=dropped:{tmp_path}")


def test_options_that_there_are_not(tmp_path):
    write_kitti(tmp_path, dense=False)
    assert "has the options along, meeting, standing, spaced, even, not 'fast=1'" in refusal(f"kitti,fast=1:{tmp_path}")
    assert "along is one of camera, laser, not 'z'" in refusal(f"kitti,along=z:{tmp_path}")
    assert "even is a number above 0, not '0'" in refusal(f"kitti,even=0:{tmp_path}")
    assert "make3d has no options" in refusal(f"make3d,even=3:{tmp_path}")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_pipes_are_refused_before_they_keep_us_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for reader in (kitti._matrices, kitti_laser.read_points, kitti_laser.stands,
                   lambda path: sun_rgbd._camera(path, (480, 640))):
        with pytest.raises(BadInputError, match="is no file"):
            reader(tmp_path / "pipe")
