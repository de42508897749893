"""Clips by real encoders: true times, B-frames, codecs, rotation; both decoders alike."""

from dataclasses import replace

import numpy as np
import pytest

from calib.geometry.camera import Camera
from calib.geometry.distortion import to_pixels
from sequences.files.rotated_camera import rotated_as_shown
from sequences.files.video import VideoFile
from sequences.files.video_decoder import OpenCvDecoder, PyAvDecoder, open_decoder
from sequences.sequence import SourceOptions
from tests.helpers.tiny_recordings import picture, write_camera

pytest.importorskip("av")
from tests.helpers.av_video import SIZE, TIMES_MS, turn, write_clip

CAMERA = Camera(128, 96, 100.0, 102.0, 60.0, 50.0, (0.1, -0.2, 0.01, -0.02, 0.05))
FISHEYE = replace(CAMERA, distortion=(0.02, -0.01, 0.003, -0.001), model="fisheye")
B_FRAMES = {"bf": "3", "g": "30"}


def numbers_and_times(decoder):
    pictures = list(decoder.pictures())
    numbers = [int(np.argmin([np.abs(rgb.astype(int) - picture(k, SIZE)).mean() for k in range(len(TIMES_MS))]))
               for _, rgb in pictures]
    return numbers, [1e3 * time_s for time_s, _ in pictures]


@pytest.mark.parametrize("name, codec, more", [
    ("phone.mp4", "libx264", {"options": B_FRAMES}), ("late.mp4", "libx264", {"options": B_FRAMES, "start_ms": 1500}),
    ("phone.mkv", "libx264", {"options": B_FRAMES}), ("web.webm", "libvpx-vp9", {"options": {"lossless": "1"}}),
    ("deep.mov", "prores_ks", {"pixels": "yuv422p10le"})])
@pytest.mark.parametrize("kind", [OpenCvDecoder, PyAvDecoder])
def test_true_times_in_the_order_of_showing(tmp_path, name, codec, more, kind):
    numbers, times_ms = numbers_and_times(kind(write_clip(tmp_path / name, codec, **more)))
    assert numbers == list(range(len(TIMES_MS)))
    assert times_ms == pytest.approx(TIMES_MS, abs=1)


def test_av1_goes_through_pyav(tmp_path):
    clip = write_clip(tmp_path / "new.mp4", "libsvtav1", options={"preset": "12"})
    decoder, rgb = open_decoder(clip)
    assert isinstance(decoder, PyAvDecoder) and np.abs(rgb.astype(int) - picture(0, SIZE)).mean() < 6
    write_camera(clip.with_suffix(".yaml"), CAMERA)
    frames = list(VideoFile(clip, SourceOptions()))
    assert [1e3 * frame.timestamp_s for frame in frames] == pytest.approx(TIMES_MS, abs=1)


@pytest.mark.parametrize("kind", [OpenCvDecoder, PyAvDecoder])
@pytest.mark.parametrize("clockwise_deg", [90, 180, 270])
def test_pictures_are_turned_as_players_show_them(tmp_path, kind, clockwise_deg):
    clip = turn(write_clip(tmp_path / "phone.mp4"), clockwise_deg)
    decoder = kind(clip)
    _, rgb = next(decoder.pictures())
    expected = np.rot90(picture(0, SIZE), -clockwise_deg // 90)
    assert decoder.rotation_deg == clockwise_deg and np.abs(rgb.astype(int) - expected).mean() < 6


@pytest.mark.parametrize("clockwise_deg", [90, 180, 270])
def test_the_calibration_of_the_camera_on_its_side_serves_the_upright_video(tmp_path, clockwise_deg):
    clip = turn(write_clip(tmp_path / "phone.mp4"), clockwise_deg)
    write_camera(clip.with_suffix(".yaml"), CAMERA)
    sequence = VideoFile(clip, SourceOptions())
    assert sequence.camera.size == next(iter(sequence)).rgb.shape[:2]


@pytest.mark.parametrize("camera", [CAMERA, FISHEYE])
@pytest.mark.parametrize("clockwise_deg", [90, 270])
def test_the_turned_camera_sees_what_the_turned_picture_shows(camera, clockwise_deg):
    plane = np.random.default_rng(0).uniform((-0.5, -0.4), (0.5, 0.4), (50, 2))
    turned = rotated_as_shown(camera, (128, 96), clockwise_deg)
    turns = clockwise_deg // 90
    u, v = to_pixels(camera, plane).T
    x, y = plane.T
    size = camera.size
    for _ in range(turns):
        u, v, size = size[0] - 1 - v, u, size[::-1]
        x, y = -y, x
    assert turned.size == size
    assert to_pixels(turned, np.stack([x, y], -1)) == pytest.approx(np.stack([u, v], -1), abs=1e-9)


def test_cameras_that_fit_are_not_turned():
    upright = replace(CAMERA, width=96, height=128)
    assert rotated_as_shown(upright, (128, 96), 90) == upright and rotated_as_shown(CAMERA, (96, 128), 180) == CAMERA
    square = replace(CAMERA, width=96)
    assert rotated_as_shown(square, (96, 96), 90) == square
