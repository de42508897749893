"""Colour and depth images without lists, and lists that name both."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError, SourceError
from calib.geometry.camera import Camera
from sequences.catalogue import open_sequence
from sequences.datasets.rgbd_folder import RgbdFolder
from sequences.datasets.tum import TumSequence
from sequences.sequence import SourceOptions
from tests.helpers.tiny_recordings import CAMERA, picture, write_camera, write_rgb

OPEN3D = {"width": 32, "height": 24, "intrinsic_matrix": [30, 0, 0, 0, 31, 0, 15.5, 11.5, 1]}


def write(folder, colour="rgb/{}.png", depth="depth/{}.png", names=range(5), mm=1500):
    for k, name in enumerate(names):
        (folder / colour.format(name)).parent.mkdir(parents=True, exist_ok=True)
        write_rgb(folder / colour.format(name), picture(k))
        path = folder / depth.format(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((24, 32), mm + k, np.uint16))
    return folder


def opened(folder, told=None, **options):
    tell = (lambda line: None) if told is None else told.append
    return open_sequence(str(folder), SourceOptions(depth_every=1, tell=tell, **options))


@pytest.mark.parametrize("colour, depth", [
    ("color/{:06d}.jpg", "depth/{:06d}.png"), ("rgb/{}.png", "depth/{}.png"),
    ("image/frame{}.png", "depth/depth{}.png"),
    ("{:05d}_colors.png", "{:05d}_depth.png"), ("frame-{:06d}.color.jpg", "frame-{:06d}.depth.png"),
    ("{}.jpg", "{}.png"), ("rgb/rgb_{}.png", "depth/{}.png")])
def test_colour_and_depth_go_together(tmp_path, colour, depth):
    folder, told = write(tmp_path / "scan", colour, depth), []
    (folder / "camera_intrinsic.json").write_text(json.dumps(OPEN3D))
    sequence = opened(folder, told)
    frames = list(sequence)
    assert isinstance(sequence, RgbdFolder) and sequence.camera == Camera(32, 24, 30.0, 31.0, 15.5, 11.5)
    assert [float(frame.sensor_depth.depth_m[0, 0]) for frame in frames] == pytest.approx(
        [1.5 + 0.001 * k for k in range(5)])
    assert [frame.timestamp_s for frame in frames] == pytest.approx([k / 30 for k in range(5)])
    assert "camera_intrinsic.json" in told[0] and "taken as millimetres" in told[1]


def test_units_of_depth_are_said_or_doubted(tmp_path):
    folder, told = write(tmp_path / "scan", mm=30000), []
    write_camera(folder / "calibration.yaml")
    opened(folder, told)
    assert "is 30 m away in the middle" in told[-1] and "depth_scale" in told[-1]
    (folder / "calibration.yaml").write_text((folder / "calibration.yaml").read_text() + "depth_scale: 5000\n")
    frame = next(iter(opened(folder, told)))
    assert frame.sensor_depth.depth_m[0, 0] == 6 and "millimetres" not in told[-1]


def test_images_that_are_called_by_their_times(tmp_path):
    folder = write(tmp_path / "scan", names=[f"1305031102.{175 + 33 * k}" for k in range(5)])
    for file in sorted((folder / "depth").iterdir()):
        file.rename(file.with_name(f"{float(file.stem) + 0.004:.4f}.png"))
    write_camera(folder / "calibration.yaml")
    frames = list(opened(folder))
    assert len(frames) == 5 and all(frame.sensor_depth for frame in frames)
    assert np.allclose(np.diff([frame.timestamp_s for frame in frames]), 0.033)


def test_poses_next_to_the_images(tmp_path):
    folder = write(tmp_path / "scan", "frame-{:06d}.color.jpg", "frame-{:06d}.depth.png")
    write_camera(folder / "calibration.yaml")
    for k in range(5):
        T = np.eye(4)
        T[0, 3] = k
        np.savetxt(folder / f"frame-{k:06d}.pose.txt", T)
    assert [frame.T_world_cam_true[0, 3] for frame in opened(folder)] == [0, 1, 2, 3, 4]


def test_without_a_camera_it_says_what_to_add(tmp_path):
    with pytest.raises(CalibrationError, match="calibration.yaml: pixels alone do not tell the camera"):
        opened(write(tmp_path / "scan"))
    with pytest.raises(SourceError, match="another aspect ratio: register depth to colour"):
        folder = write(tmp_path / "other")
        for file in (folder / "depth").iterdir():
            cv2.imwrite(str(file), np.ones((24, 24), np.uint16))
        write_camera(folder / "calibration.yaml")
        list(opened(folder))


@pytest.mark.parametrize("order", ["{t} rgb/{n}.png {t} depth/{n}.png", "{t} depth/{n}.png {t} rgb/{n}.png"])
@pytest.mark.parametrize("name", ["associated.txt", "associations.txt"])
def test_associations_stand_in_for_lists(tmp_path, order, name):
    folder = write(tmp_path / "scan", mm=5000)
    (folder / name).write_text("# colour and depth\n" + "".join(
        order.format(t=100 + 0.05 * k, n=k) + "\n" for k in range(4)))
    (folder / "calibration.txt").write_text("30 31 15.5 11.5\n")
    sequence = opened(folder)
    frames = list(sequence)
    assert isinstance(sequence, TumSequence) and sequence.camera == Camera(32, 24, 30.0, 31.0, 15.5, 11.5)
    assert [frame.timestamp_s for frame in frames] == [100, 100.05, 100.1, 100.15]
    assert frames[0].sensor_depth.depth_m[0, 0] == (1 if name == "associated.txt" else 5), "ETH3D counts 5000 a metre"
    assert sequence.skipped.reasons == [f"{folder / name} does not name 1 of the images in {folder / 'rgb'}: was it "
                                        f"cut off?"]
    (folder / name).write_text("1 rgb/0.png 1 depth/0.png\n2 rgb/1.png 2\n")
    with pytest.raises(SourceError, match="in each line"):
        opened(folder)


def test_lists_in_nanoseconds(tmp_path):
    folder = write(tmp_path / "scan")
    write_camera(folder / "calibration.yaml")
    for kind in ("rgb", "depth"):
        (folder / f"{kind}.txt").write_text("".join(f"{1403636579763555584 + 50_000_000 * k} {kind}/{k}.png\n"
                                                    for k in range(5)))
    frames = list(opened(folder))
    assert np.allclose(np.diff([frame.timestamp_s for frame in frames]), 0.05, atol=1e-6)
    assert CAMERA.size == frames[0].rgb.shape[:2] and Path(folder).is_dir()
