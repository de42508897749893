"""Recordings that bring poses along as other programs have them: COLMAP, nerfstudio, Polycam, 3D Scanner App."""

import json
import struct

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError, SourceError
from calib.geometry.camera import Camera
from calib.geometry.se3 import exp, inverse, to_quaternion
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.tiny_recordings import picture, write_rgb

SIZE = 24, 32
T_WORLD_CAM = [exp(np.array([0.1 * k, -0.02 * k, 0.05, 0.02 * k, 0.1 * k, -0.03])) for k in range(5)]
OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
CAMERA = Camera(32, 24, 30.0, 31.0, 15.5, 11.5)


def write_images(folder, name="{:05d}.png", size=SIZE):
    folder.mkdir(parents=True)
    for k in range(5):
        write_rgb(folder / name.format(k), picture(k, size))


def write_depth(folder, name="{:05d}.png"):
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(5):
        cv2.imwrite(str(folder / name.format(k)), np.full((12, 16), 1000 + k, np.uint16))


def colmap(folder, binary=True, model="sparse/0", images="images"):
    write_images(folder / images, "frame_{:05d}.png")
    place = folder / model
    place.mkdir(parents=True)
    poses = [inverse(T) for T in T_WORLD_CAM]
    rows = [(np.concatenate([to_quaternion(T)[1][[3, 0, 1, 2]], to_quaternion(T)[0]]), f"frame_{k:05d}.png")
            for k, T in enumerate(poses)][::-1]
    if binary:
        (place / "cameras.bin").write_bytes(struct.pack("<QIiQQ4d", 1, 7, 1, 32, 24, 30, 31, 16, 12))
        (place / "images.bin").write_bytes(struct.pack("<Q", 5) + b"".join(
            struct.pack("<I7dI", number, *row, 7) + name.encode() + b"\0" + struct.pack("<Q", 2) + bytes(48)
            for number, (row, name) in enumerate(rows)))
    else:
        (place / "cameras.txt").write_text("# cameras\n7 PINHOLE 32 24 30 31 16 12\n")
        (place / "images.txt").write_text("# images\n" + "".join(
            f"{number} {' '.join(map(str, row))} 7 {name}\n1.5 2.5 -1 3.5 4.5 17\n"
            for number, (row, name) in enumerate(rows)))
    return folder


def transforms(folder, suffix=".png", **more):
    write_images(folder / "images")
    write_depth(folder / "depth")
    frames = [{"file_path": f"./images/{k:05d}{suffix}", "transform_matrix": (T @ OPENGL).tolist(),
               "depth_file_path": f"depth/{k:05d}.png"} for k, T in enumerate(T_WORLD_CAM)]
    fields = {"fl_x": 30, "fl_y": 31, "cx": 16, "cy": 12, "w": 32, "h": 24, "frames": frames[::-1], **more}
    (folder / "transforms.json").write_text(json.dumps(fields))
    return folder


def polycam(folder):
    write_images(folder / "keyframes" / "images")
    write_depth(folder / "keyframes" / "depth")
    (folder / "keyframes" / "cameras").mkdir()
    for k, T in enumerate(T_WORLD_CAM):
        rows = {f"t_{i}{j}": (T @ OPENGL)[i, j] for i in range(3) for j in range(4)}
        (folder / "keyframes" / "cameras" / f"{k:05d}.json").write_text(json.dumps(
            {"fx": 30, "fy": 31, "cx": 15.5, "cy": 11.5, "width": 32, "height": 24, "blur_score": 9.5,
             "timestamp": 50_000_000 * k, **rows}))
    return folder


def scanner_app(folder):
    write_images(folder, "frame_{:05d}.png")
    for k, T in enumerate(T_WORLD_CAM):
        (folder / f"frame_{k:05d}.json").write_text(json.dumps(
            {"time": 100 + 0.05 * k, "cameraPoseARFrame": (T @ OPENGL).ravel().tolist(), "frame_index": k,
             "intrinsics": [30 + 0.001 * (k - 2), 0, 15.5, 0, 31, 11.5, 0, 0, 1]}))
    (folder / "info.json").write_text("{}")
    return folder


WRITERS = {"colmap": colmap, "colmap text": lambda folder: colmap(folder, binary=False),
           "colmap, flat": lambda folder: colmap(folder, model="sparse", images="input"),
           "transforms": transforms, "instant-ngp": lambda folder: transforms(folder, suffix=""), "polycam": polycam,
           "3D Scanner App": scanner_app}


@pytest.mark.parametrize("name", WRITERS)
def test_images_camera_and_poses(tmp_path, name):
    sequence = open_sequence(str(WRITERS[name](tmp_path / "scan")), SourceOptions())
    frames = list(sequence)
    assert [frame.rgb[0, 0, 2] for frame in frames] == [picture(k, SIZE)[0, 0, 2] for k in range(5)]
    assert sequence.camera.size == SIZE and np.allclose(sequence.camera.pinhole, CAMERA.pinhole)
    for frame, T in zip(frames, T_WORLD_CAM):
        assert np.allclose(frame.T_world_cam_true, T, atol=1e-6)
    interval_s = 0.05 if name in ("polycam", "3D Scanner App") else 1 / 30
    assert np.allclose(np.diff([frame.timestamp_s for frame in frames]), interval_s)
    assert sequence.ground_truth_name and not sequence.skipped.reasons


@pytest.mark.parametrize("name", ["transforms", "polycam"])
def test_depth_comes_along(tmp_path, name):
    sequence = open_sequence(str(WRITERS[name](tmp_path / "scan")), SourceOptions(depth_every=1))
    assert [float(frame.sensor_depth.depth_m[0, 0]) for frame in sequence] == pytest.approx(
        [1 + 0.001 * k for k in range(5)])


def test_the_file_itself_and_scaled_poses(tmp_path):
    folder = transforms(tmp_path / "scan", frames=[
        {"file_path": f"images/{k:05d}.png", "timestamp": 3.0 + k,
         "transform_matrix": (T @ OPENGL @ np.diag([2.0, 2, 2, 1])).tolist()} for k, T in enumerate(T_WORLD_CAM)])
    frames = list(open_sequence(str(folder / "transforms.json"), SourceOptions()))
    assert np.allclose(frames[3].T_world_cam_true[:3, :3], T_WORLD_CAM[3][:3, :3], atol=1e-6)
    assert [frame.timestamp_s for frame in frames] == [3, 4, 5, 6, 7]


def damaged(folder, name, change):
    path = folder / name
    path.write_bytes(change(path.read_bytes()))
    return folder


@pytest.mark.parametrize("write, name, change, kind, says", [
    (colmap, "sparse/0/images.bin", lambda data: data[:200], SourceError, "cut off"),
    (colmap, "sparse/0/cameras.bin", lambda data: data[:30], CalibrationError, "cameras.bin"),
    (colmap, "sparse/0/images.bin", lambda data: data.replace(b"frame", b"image"), SourceError, "are not there"),
    (transforms, "transforms.json", lambda data: data[:-9], SourceError, "expected JSON with frames"),
    (transforms, "transforms.json", lambda data: data.replace(b"images/", b"pics/"), SourceError, "names no image"),
    (transforms, "transforms.json", lambda data: data.replace(b", [0.0, 0.0, 0.0, 1.0]]", b"]"), None, ""),
    (transforms, "transforms.json", lambda data: data.replace(b'"fl_x"', b'"wide"'), CalibrationError, "camera_angle"),
    (polycam, "keyframes/cameras/00003.json", lambda data: data[:-3], SourceError, "00003.json: expected JSON")])
def test_damage_is_told_in_one_line(tmp_path, write, name, change, kind, says):
    folder = damaged(write(tmp_path / "scan"), name, change)
    if kind is None:
        assert len(list(open_sequence(str(folder), SourceOptions()))) == 5
        return
    with pytest.raises(kind) as caught:
        list(open_sequence(str(folder), SourceOptions()))
    assert says in str(caught.value) and "\n" not in str(caught.value)
