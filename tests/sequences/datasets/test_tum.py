"""Recordings in the TUM layout: association, calibration, and what a damaged one is told."""

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError, SourceError
from calib.geometry.camera import Camera
from sequences.datasets.tum import TumSequence, recognises
from sequences.sequence import SourceOptions
from tests.helpers.paths import DATA
from tests.helpers.tiny_recordings import (
    CAMERA,
    picture,
    truncate,
    write_camera,
    write_lines,
    write_rgb,
    write_tum,
)


@pytest.fixture
def folder(tmp_path):
    return write_tum(tmp_path / "walk")


def opened(folder, **options):
    return TumSequence(folder, SourceOptions(**options))


def refusal(folder, kind=SourceError, **options):
    """The one line that opening must end in."""
    with pytest.raises(kind) as caught:
        opened(folder, **options)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2
    return str(caught.value)


def rewritten(path, number, line):
    """Replace a line of a text file, counted from 1."""
    lines = path.read_text().splitlines()
    lines[number - 1] = line
    path.write_text("\n".join(lines) + "\n")


def test_frames_come_with_depth_and_ground_truth(folder):
    sequence = opened(folder, depth_every=1)
    frames = list(sequence)
    assert (sequence.name, sequence.frame_count, len(sequence.skipped)) == ("walk", 6, 0)
    assert sequence.camera == CAMERA and recognises(folder) and not recognises(folder.parent)
    assert [frame.index for frame in frames] == list(range(6))
    assert [frame.timestamp_s for frame in frames] == pytest.approx(np.arange(6) / 10)
    for k, frame in enumerate(frames):
        assert np.array_equal(frame.rgb, picture(k)) and frame.depth is None
        assert frame.sensor_depth.depth_m.dtype == np.float32 and np.all(frame.sensor_depth.depth_m == 1 + k)
        assert frame.T_world_cam_true[0, 3] == pytest.approx(0.1 * k)
    assert sequence.ground_truth[0].shape == (6,) and sequence.ground_truth[1].shape == (6, 4, 4)


def test_depth_of_half_the_size_has_its_own_camera(folder):
    depth = next(iter(opened(folder, depth_every=1))).sensor_depth
    assert depth.depth_m.shape == depth.camera.size == (12, 16)
    assert np.allclose(depth.camera.rays(), CAMERA.rays()[::2, ::2])


def test_iterating_again_starts_over(folder):
    sequence = opened(folder)
    assert [frame.index for frame in sequence] == [frame.index for frame in sequence]


def test_association_is_to_the_nearest_within_20_ms(folder):
    write_lines(folder / "depth.txt", ["-0.012 depth/0.png", "0.085 depth/1.png", "0.121 depth/2.png",
                                       "0.179 depth/3.png", "0.221 depth/4.png"])
    write_lines(folder / "groundtruth.txt", ["0.31 3 0 0 0 0 0 1", "0.09 1 0 0 0 0 0 1"])
    frames = list(opened(folder, depth_every=1))
    assert [frame.sensor_depth and frame.sensor_depth.depth_m[0, 0] for frame in frames] == [1, 2, None, None, None,
                                                                                             None]
    T_world_cam = [frame.T_world_cam_true for frame in frames]
    assert [T is not None and T[0, 3] for T in T_world_cam] == [False, 1, False, 3, False, False]


def test_depth_is_loaded_where_it_was_asked_for(folder):
    assert [frame.sensor_depth is not None for frame in opened(folder, depth_every=3)] == [True, False, False] * 2
    assert all(frame.sensor_depth is None for frame in opened(folder))


def test_max_frames(folder):
    sequence = opened(folder, max_frames=2)
    assert sequence.frame_count == len(list(sequence)) == 2
    assert len(list(opened(folder, max_frames=99))) == 6


def test_no_reading_is_zero(folder):
    raw = np.array([[0, 5000, 65535, 65534]], np.uint16).repeat(3, 0)
    cv2.imwrite(str(folder / "depth" / "0.png"), raw)
    depth_m = next(iter(opened(folder, depth_every=1))).sensor_depth.depth_m
    assert depth_m[0].tolist() == pytest.approx([0, 1, 0, 65534 / 5000])


def test_truncated_images_are_skipped_and_counted(folder):
    truncate(folder / "rgb" / "2.png")
    (folder / "rgb" / "4.png").unlink()
    truncate(folder / "depth" / "3.png")
    sequence = opened(folder, depth_every=1)
    frames = list(sequence)
    assert [frame.index for frame in frames] == [0, 1, 3, 5]
    assert [frame.sensor_depth is not None for frame in frames] == [True, True, False, True]
    assert len(sequence.skipped) == 3
    assert all(path in reason for path, reason in zip(("2.png: truncated", "3.png: truncated", "4.png: No such file"),
                                                      sequence.skipped.reasons))


def test_damaged_first_images_do_not_matter(folder):
    truncate(folder / "rgb" / "0.png")
    truncate(folder / "depth" / "0.png")
    assert [frame.index for frame in opened(folder, depth_every=1)] == [1, 2, 3, 4, 5]


def test_images_that_change_size_end_the_run(folder):
    write_rgb(folder / "rgb" / "3.png", picture(3, (48, 64)))
    frames = iter(opened(folder))
    assert [next(frames).index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(SourceError, match="3.png is 64x48 but the images before it are 32x24"):
        next(frames)


def test_calibrations_of_another_size(folder):
    write_camera(folder / "calibration.yaml", Camera(640, 480, 600.0, 600.0, 319.5, 239.5))
    camera = opened(folder).camera
    assert (camera.size, camera.fx, camera.cx, camera.cy) == ((24, 32), 30.0, 15.5, 11.5)
    write_camera(folder / "calibration.yaml", Camera(640, 360, 600.0, 600.0, 319.5, 179.5))
    assert "is for 640x360 images but these are 32x24" in refusal(folder, CalibrationError)


def test_a_calibration_of_the_user_goes_first(folder, tmp_path):
    write_camera(tmp_path / "mine.yaml", Camera(32, 24, 44.0, 44.0, 15.5, 11.5), depth_scale=1000.0)
    sequence = opened(folder, calibration_file=tmp_path / "mine.yaml", depth_every=1)
    assert sequence.camera.fx == 44 and next(iter(sequence)).sensor_depth.depth_m[0, 0] == 5


def test_a_missing_calibration_names_the_fields(folder, tmp_path):
    (folder / "calibration.yaml").unlink()
    text = refusal(folder, CalibrationError)
    assert "calibration.yaml" in text and "--calibration FILE" in text and "width, height, fx, fy, cx, cy" in text
    assert "none.yaml" in refusal(folder, CalibrationError, calibration_file=tmp_path / "none.yaml")


@pytest.mark.parametrize("line, says", [
    ("0.300000", "rgb.txt line 5: expected `timestamp filename`, found '0.300000'"),
    ("rgb/3.png 0.3", "line 5: expected `timestamp filename`"),
    ("nan rgb/3.png", "line 5: expected `timestamp filename`"),
    ("inf rgb/3.png", "line 5: expected `timestamp filename`")])
def test_wrong_lines_of_the_index_are_numbered(folder, line, says):
    rewritten(folder / "rgb.txt", 5, line)
    assert says in refusal(folder)


def test_a_stray_depth_image_is_left_out_and_named(folder):
    rewritten(folder / "depth.txt", 4, "0.005 depth/2.png")
    sequence = opened(folder, depth_every=1)
    assert [frame.sensor_depth is not None for frame in sequence] == [1, 1, 0, 1, 1, 1][:sequence.frame_count]
    assert [reason for reason in sequence.skipped.reasons if "depth/2.png: its time" in reason]


@pytest.mark.parametrize("line", ["0.3 0 0 0 0 0 1", "0.3 0 0 0 0 0 0 0", "0.3 0 0 nan 0 0 0 1", "0.3 a 0 0 0 0 0 1",
                                  "nan 0 0 0 0 0 0 1"])
def test_wrong_lines_of_the_ground_truth_are_numbered(folder, line):
    rewritten(folder / "groundtruth.txt", 5, line)
    assert "groundtruth.txt line 5: expected `timestamp tx ty tz qx qy qz qw`" in refusal(folder)


def test_text_files_of_other_systems(folder):
    """A byte order mark, line ends of Windows, blank lines, and names with blanks."""
    write_rgb(folder / "rgb" / "a b.png", picture(1))
    (folder / "rgb.txt").write_bytes(b"\xef\xbb\xbf# time name\r\n0.0 rgb/0.png\r\n\r\n  0.1  rgb/a b.png \r\n")
    assert [frame.rgb[0, 0, 2] for frame in opened(folder)] == [10, 14]


def test_ground_truth_out_of_order_is_sorted(folder):
    lines = (folder / "groundtruth.txt").read_text().splitlines()[1:]
    write_lines(folder / "groundtruth.txt", lines[::-1])
    times_s, T_world_cam = opened(folder).ground_truth
    assert np.all(np.diff(times_s) > 0) and np.all(np.diff(T_world_cam[:, 0, 3]) > 0)


def test_poses_by_structure_from_motion_go_before_those_of_the_recording_device(folder):
    assert opened(folder).ground_truth_name == "groundtruth.txt"
    write_lines(folder / "groundtruth_sfm.txt", [f"{k / 10} 0 {k} 0 0 0 0 1" for k in range(5)])
    sequence = opened(folder)
    assert sequence.ground_truth_name == "groundtruth_sfm.txt"
    assert np.array_equal(sequence.ground_truth[1][:, 1, 3], range(5))
    assert [frame.T_world_cam_true is not None and frame.T_world_cam_true[1, 3] for frame in sequence] == [
        0, 1, 2, 3, 4, False]
    for name in ("groundtruth.txt", "groundtruth_sfm.txt"):
        (folder / name).unlink()
    assert opened(folder).ground_truth is opened(folder).ground_truth_name is None


def test_folders_that_cannot_be_used(folder, tmp_path):
    assert "none is not a folder" in refusal(tmp_path / "none")
    for text in ("", "# only a remark\n\n"):
        (folder / "rgb.txt").write_text(text)
        assert "rgb.txt names no image" in refusal(folder)
    (folder / "rgb.txt").write_bytes(b"\xff\xfe\x00\x80")
    assert "rgb.txt is not a text file" in refusal(folder)
    (folder / "rgb.txt").unlink()
    assert "rgb.txt: No such file" in refusal(folder)


def test_without_any_readable_image_the_first_reason_is_given(folder):
    for file in (folder / "rgb").iterdir():
        file.unlink()
    text = refusal(folder)
    assert "none of its 6 images can be read" in text and "0.png: No such file" in text


def test_recordings_without_depth(folder):
    (folder / "depth.txt").unlink()
    assert "no depth images" in refusal(folder, depth_every=1)
    assert all(frame.sensor_depth is None for frame in opened(folder, depth_every=2))


def test_useless_depth_is_refused_before_the_run(folder):
    for file in (folder / "depth").iterdir():
        cv2.imwrite(str(file), np.zeros((12, 16), np.uint8))
    assert "not a 16-bit single-channel depth image" in refusal(folder, depth_every=1)
    for file in (folder / "depth").iterdir():
        cv2.imwrite(str(file), np.ones((12, 20), np.uint16))
    assert "depth images are 20x12 but colour is 32x24" in refusal(folder, depth_every=1)
    write_lines(folder / "depth.txt", [f"{1.6e9 + k} depth/{k}.png" for k in range(6)])
    assert "the same clock" in refusal(folder, depth_every=1)
    assert len(list(opened(folder, depth_every=2))) == 6


@pytest.mark.parametrize("name, size", [("kitchen", (480, 640)), ("desk", (480, 640)), ("office", (360, 540))])
def test_real_recordings_open(name, size):
    if not (DATA / name).is_dir():
        pytest.skip(f"no real recording {name}")
    sequence = opened(DATA / name, depth_every=1, max_frames=3)
    frames = list(sequence)
    assert len(frames) == 3 and not len(sequence.skipped)
    for frame in frames:
        depth_m = frame.sensor_depth.depth_m
        assert frame.rgb.shape == (*size, 3) and depth_m.shape == (size[0] // 2, size[1] // 2)
        assert 0.3 < np.median(depth_m[depth_m > 0]) < 6 and depth_m.max() < 20
        assert np.allclose(frame.sensor_depth.camera.rays(), sequence.camera.rays()[::2, ::2])
        assert np.linalg.det(frame.T_world_cam_true[:3, :3]) == pytest.approx(1)
