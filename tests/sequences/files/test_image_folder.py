"""Folders of images: order, what counts as an image, and refusals."""

import numpy as np
import pytest
from PIL import Image

from calib.base.errors import CalibrationError, SourceError
from calib.files.exif import focal_from_exif
from calib.geometry.camera import Camera
from sequences.files.image_folder import FRAME_INTERVAL_S, ImageFolder, recognises
from sequences.sequence import SourceOptions
from tests.helpers.tiny_recordings import CAMERA, picture, truncate, write_camera, write_rgb


@pytest.fixture
def folder(tmp_path):
    """Three pictures whose names sort by number and not by letter, and things that are no pictures."""
    path = tmp_path / "shots"
    for index, name in enumerate(("img2.png", "img10.PNG", "img011.png")):
        write_rgb(path / name.lower(), picture(index))
        (path / name.lower()).rename(path / name)
    write_camera(path / "calibration.yaml")
    (path / "notes.txt").write_text("")
    for hidden in (".img1.png", "._img2.png"):
        (path / hidden).write_bytes(b"")
    return path


def opened(folder, **options):
    return ImageFolder(folder, SourceOptions(**options))


def test_images_come_in_natural_order(folder):
    sequence = opened(folder)
    frames = list(sequence)
    assert [file.name for file in sequence.photos] == ["img2.png", "img10.PNG", "img011.png"]
    assert [frame.rgb[0, 0, 2] for frame in frames] == [10, 14, 18]
    assert [frame.timestamp_s for frame in frames] == [k * FRAME_INTERVAL_S for k in range(3)]
    assert (sequence.name, sequence.frame_count, sequence.camera) == ("shots", 3, CAMERA)
    assert sequence.ground_truth is None and frames[0].sensor_depth is None and frames[0].T_world_cam_true is None


def test_order_of_odd_names(folder):
    for name in ("1²2.png", "img02.png", "b.png", "7.png", "a10.png", "a9z.png"):
        write_rgb(folder / name, picture(0))
    assert [file.name for file in opened(folder).photos] == [
        "1²2.png", "7.png", "a9z.png", "a10.png", "b.png", "img02.png", "img2.png", "img10.PNG", "img011.png"]


def test_max_frames_counts_in_that_order(folder):
    assert [frame.rgb[0, 0, 2] for frame in opened(folder, max_frames=2)] == [10, 14]


def test_truncated_images_are_skipped_and_counted(folder):
    truncate(folder / "img10.PNG")
    sequence = opened(folder)
    frames = list(sequence)
    assert [(frame.index, frame.timestamp_s) for frame in frames] == [(0, 0.0), (2, 2 * FRAME_INTERVAL_S)]
    assert len(sequence.skipped) == 1 and "img10.PNG" in sequence.skipped.reasons[0]


def test_images_that_change_size_end_the_run(folder):
    write_rgb(folder / "img20.png", picture(0, (48, 64)))
    with pytest.raises(SourceError, match="img20.png is 64x48 but the images before it are 32x24"):
        list(opened(folder))


def test_recognised_by_what_lies_in_it(folder):
    assert recognises(folder) and not recognises(folder.parent) and not recognises(folder / "img2.png")
    for file in folder.glob("img*"):
        file.unlink()
    assert not recognises(folder)


@pytest.mark.parametrize("prepare, options, kind, says", [
    (lambda folder: [file.unlink() for file in folder.glob("img*")], {}, SourceError, "has no images"),
    (lambda folder: [truncate(file) for file in folder.glob("img*")], {}, SourceError, "none of its 3 images"),
    (lambda folder: (folder / "calibration.yaml").unlink(), {}, CalibrationError, "fields width, height, fx, fy, cx"),
    (lambda folder: write_camera(folder / "calibration.yaml", Camera(30, 30, 9, 9, 9, 9)), {}, CalibrationError,
     "another aspect ratio"),
    (lambda folder: None, {"depth_every": 1}, SourceError, "no depth images")])
def test_what_cannot_be_used_says_so_in_one_line(folder, prepare, options, kind, says):
    prepare(folder)
    with pytest.raises(kind) as caught:
        opened(folder, **options)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_is_no_folder(folder):
    with pytest.raises(SourceError, match="img2.png is not a folder"):
        opened(folder / "img2.png")


@pytest.mark.parametrize("orientation, clockwise_deg", [(1, 0), (3, 180), (6, 90), (8, 270)])
def test_photos_are_turned_as_they_say_and_their_calibration_with_them(tmp_path, orientation, clockwise_deg):
    """The calibration is that of the camera lying on its side; so is what lies in the file."""
    sideways, exif = Camera(64, 48, 50.0, 52.0, 30.0, 25.0), Image.Exif()
    exif[0x0112], exif.get_ifd(0x8769)[0xA405] = orientation, 26
    Image.fromarray(picture(0, (48, 64))).save(tmp_path / "IMG_1.jpg", exif=exif, quality=98)
    write_camera(tmp_path / "calibration.yaml", sideways)
    sequence = opened(tmp_path)
    frame, = sequence
    shown = np.rot90(picture(0, (48, 64)), -clockwise_deg // 90)
    assert frame.rgb.shape == shown.shape and np.abs(frame.rgb.astype(int) - shown).mean() < 4
    assert sequence.camera.size == shown.shape[:2]
    expected = {0: (50, 30, 25), 180: (50, 30, 25), 90: (52, 22, 30), 270: (52, 25, 33)}[clockwise_deg]
    assert (sequence.camera.fx, sequence.camera.cx, sequence.camera.cy) == expected
    assert focal_from_exif(sequence.photos[0]) == pytest.approx(26 / 43.267 * 80 / 64, rel=1e-3)


def test_times_line_by_line(folder):
    (folder / "timestamps.txt").write_text("# seconds\n10.0\n\n10.5\n12.25\n")
    frames = list(opened(folder))
    assert [(frame.timestamp_s, frame.rgb[0, 0, 2]) for frame in frames] == [(10.0, 10), (10.5, 14), (12.25, 18)]
    assert [frame.timestamp_s for frame in opened(folder, max_frames=2)] == [10.0, 10.5]


def test_times_with_names_choose_the_images(folder):
    (folder / "timestamps.txt").write_text("1.5 img011.png\n1.75 none.png\n2.5 img2.png\n")
    sequence = opened(folder)
    assert [(frame.timestamp_s, frame.rgb[0, 0, 2]) for frame in sequence] == [(1.5, 18), (2.5, 10)]
    assert len(sequence.skipped) == 1 and "none.png" in sequence.skipped.reasons[0]


@pytest.mark.parametrize("text", ["1\n3\n2\n", "1\n2\n2\n", "1\n99\n2\n", "1 img2.png\n0.5 img10.PNG\n3 img011.png\n"])
def test_a_stray_time_costs_its_image(folder, text):
    (folder / "timestamps.txt").write_text(text)
    sequence = opened(folder)
    assert len(list(sequence)) == sequence.frame_count == 2
    assert len(sequence.skipped) == 1 and "does not come between" in sequence.skipped.reasons[0]


@pytest.mark.parametrize("text, says", [
    ("1\n2\n", "2 times for 3 images"), ("", "0 times for 3 images"), ("1\n2\ntwo\n", "line 3: expected a time"),
    ("3\n2\n1\n", "the times of its images do not increase"), ("1\nnan\n2\n", "line 2: expected a time"),
    ("\xff\xfe\n", "expected a time")])
def test_times_that_cannot_be_used(folder, text, says):
    (folder / "timestamps.txt").write_text(text)
    with pytest.raises(SourceError, match="timestamps.txt") as caught:
        opened(folder)
    assert says in str(caught.value) and "\n" not in str(caught.value)
