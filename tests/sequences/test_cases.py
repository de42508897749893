"""Small inputs of the kinds that people have, which lie beside the clone; each must come out as its README says."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from calib.boards.board import Board
from calib.boards.views import ViewCollection
from calib.formats.calibration_file import read_calibration
from calib.geometry.camera import Camera
from depth.photos.pictures import Pictures
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.paths import ROOT

CASES = ROOT.parent / "shared" / "cases"
VGA = CASES / "calibration_640x480.yaml"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="no cases here")


def opened(place, **options):
    return open_sequence(str(CASES / place), SourceOptions(**options))


@pytest.mark.parametrize("file, fx, cx", [
    ("one_line_intrinsics/droid.txt", 517.3, 318.6), ("one_line_intrinsics/K.txt", 525, 319.5),
    ("orbslam2_no_size/TUM.yaml", 517.3, 318.6), ("open3d_color_depth/camera_intrinsic.json", 525, 319.5),
    ("images_subfolder/transforms.json", 525, 319.5), ("colmap_bin/sparse/0/cameras.bin", 525, 319.5),
    ("colmap_bin/sparse/0", 525, 319.5)])
def test_calibrations_for_the_images_of_a_folder(file, fx, cx):
    sequence = opened("images_subfolder/images", calibration_file=CASES / file)
    assert sequence.camera.size == (480, 640) and (sequence.camera.fx, sequence.camera.cx) == pytest.approx((fx, cx))


@pytest.mark.parametrize("file, size, fx, count", [
    ("orbslam3_inertial/EuRoC.yaml", (752, 480), 450, 5), ("polycam_camera/0001.json", (1920, 1440), 1442.5, 0),
    ("ros_camera_model/ost.yaml", (320, 240), 300.5, 5)])
def test_calibrations_of_their_own_size(file, size, fx, count):
    camera = read_calibration(CASES / file).camera
    assert type(camera) is Camera and (camera.width, camera.height) == size
    assert camera.fx == fx and len(camera.distortion) == count


@pytest.mark.parametrize("place, calibration", [
    ("colour_depth_mixed", VGA), ("open3d_color_depth", None), ("rgb_depth_no_lists", VGA)])
def test_depth_beside_colour(place, calibration):
    sequence = opened(place, calibration_file=calibration, depth_every=1)
    frames = list(sequence)
    assert sequence.frame_count == len(frames) == 8 and all(frame.sensor_depth for frame in frames)
    assert np.diff([frame.timestamp_s for frame in frames]) == pytest.approx(1 / 30)
    assert len(list(opened(place, calibration_file=calibration))) == 8


def test_depth_is_predicted_for_pictures_only():
    pictures = Pictures([CASES / "colour_depth_mixed"])
    assert len(pictures) == 8 and all("colors" in picture.name for picture in pictures)
    assert "8 are depth" in pictures.remarks[0]


def test_images_in_a_folder_of_their_own():
    sequence = opened("images_subfolder")
    assert len(list(sequence)) == 8 and sequence.camera.fx == 525


def test_times_in_nanoseconds():
    frames = list(opened("timestamps_ns", calibration_file=VGA))
    assert np.diff([frame.timestamp_s for frame in frames]) == pytest.approx(0.05, abs=1e-5)


@pytest.mark.parametrize("name, count, mean", [("interlaced.mpg", 24, 126), ("tum_interlaced.mts", 16, 141)])
def test_interlaced_video(name, count, mean):
    pytest.importorskip("av")
    frames = list(opened(f"interlaced_video/{name}", calibration_file=VGA))
    small = [cv2.resize(frame.rgb, (64, 48), interpolation=cv2.INTER_AREA).astype(int) for frame in frames]
    assert len(frames) == count and abs(np.mean(small) - mean) < 4
    assert all(np.abs(b - a).mean() > 0.3 for a, b in pairwise(small)), "the pictures move"
    assert len(list(Pictures([CASES / "interlaced_video" / name]))) == count


def test_chessboards_on_photos():
    collection = ViewCollection(Board((10, 7)))
    for file in sorted((CASES / "chessboard_photos").glob("*.jpg"))[::4]:
        collection.add(file.name, cv2.imread(str(file))[..., ::-1])
    assert collection.looked_at == 7 and not collection.lost
