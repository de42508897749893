"""What all recorded sources share."""

import pytest

from calib.base.errors import CalibrationError, SourceError
from calib.files.image_file import UnreadableImage
from sequences.checks import find_calibration, first_readable_size, read_frame, refuse_sensor_depth
from sequences.sequence import SkipLog, SourceOptions
from tests.helpers.tiny_recordings import CAMERA, picture, write_camera, write_rgb


def test_the_users_calibration_goes_before_the_recordings(tmp_path):
    write_camera(tmp_path / "own.yaml", CAMERA)
    write_camera(tmp_path / "given.yaml", CAMERA.resized((48, 64)))
    assert find_calibration(SourceOptions(), tmp_path / "own.yaml").camera == CAMERA
    given = SourceOptions(calibration_file=tmp_path / "given.yaml")
    assert find_calibration(given, tmp_path / "own.yaml").camera.width == 64
    with pytest.raises(CalibrationError, match="no .*none.yaml.*--calibration FILE.*width, height, fx, fy, cx, cy"):
        find_calibration(SourceOptions(calibration_file=tmp_path / "none.yaml"), tmp_path / "own.yaml")


def test_depth_counts_as_the_recording_says_where_the_users_calibration_is_silent(tmp_path):
    write_camera(tmp_path / "own.yaml", CAMERA, depth_scale=5000.0)
    (tmp_path / "cameras.txt").write_text("1 PINHOLE 64 48 60 60 32 24\n")
    given = SourceOptions(calibration_file=tmp_path / "cameras.txt")
    calibration = find_calibration(given, tmp_path / "own.yaml")
    assert (calibration.camera.width, calibration.depth_scale) == (64, 5000.0)


def test_the_first_readable_image_gives_the_size():
    sizes = {"b": (3, 4), "c": (5, 6)}

    def read(name):
        if name not in sizes:
            raise UnreadableImage(f"{name}: damaged")
        return picture(0, sizes[name])

    assert first_readable_size("abc", "walk", read) == (3, 4)
    with pytest.raises(SourceError, match="walk: none of its 2 images can be read; x: damaged"):
        first_readable_size("xy", "walk", read)


def test_frames_are_read_skipped_or_refused(tmp_path):
    skipped = SkipLog()
    write_rgb(tmp_path / "a.png", picture(0))
    assert read_frame(tmp_path / "a.png", CAMERA, skipped).shape == (24, 32, 3)
    assert read_frame(tmp_path / "none.png", CAMERA, skipped) is None
    assert len(skipped) == 1 and "none.png: No such file" in skipped.reasons[0]
    with pytest.raises(SourceError, match="a.png is 32x24 but the images before it are 64x48"):
        read_frame(tmp_path / "a.png", CAMERA.resized((48, 64)), skipped)


@pytest.mark.parametrize("depth_every", [0, 10])
def test_only_every_frames_depth_is_refused(depth_every):
    refuse_sensor_depth(SourceOptions(depth_every=depth_every), "walk")
    with pytest.raises(SourceError, match="walk has no depth images: choose a network"):
        refuse_sensor_depth(SourceOptions(depth_every=1), "walk")


@pytest.mark.parametrize("place, name", [
    ("walk", "camera_intrinsic.json"), ("walk", "K.txt"), ("walk/images", "../intrinsics.txt"),
    ("walk", "sparse/0/cameras.txt")])
def test_a_calibration_of_a_usual_name_serves_and_is_named(tmp_path, place, name):
    (tmp_path / place).mkdir(parents=True)
    file = tmp_path / place / name
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "1 PINHOLE 64 48 50 50 32 24" if "cameras" in name else "50 0 31.5\n0 50 23.5\n0 0 1\n"
    if name.endswith("json"):
        text = '{"width": 64, "height": 48, "intrinsic_matrix": [50, 0, 0, 0, 50, 0, 31.5, 23.5, 1]}'
    file.write_text(text)
    told = []
    options = SourceOptions(tell=told.append)
    camera = find_calibration(options, tmp_path / place / "calibration.yaml").camera.fitted_to((48, 64))
    assert (camera.fx, camera.cx) == (50, 31.5) and file.name in told[0]


def test_a_video_takes_the_calibration_of_its_folder(tmp_path):
    write_camera(tmp_path / "camera.yaml")
    assert find_calibration(SourceOptions(), tmp_path / "walk.yaml").camera == CAMERA
    write_camera(tmp_path / "walk.json", CAMERA.resized((48, 64)))
    assert find_calibration(SourceOptions(), tmp_path / "walk.yaml").camera.width == 64
