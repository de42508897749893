"""Clips by real encoders: true times, B-frames, codecs, rotation; both decoders alike."""

import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from calib.files.video_decoder import OpenCvDecoder, PyAvDecoder, open_decoder
from calib.files.video_kinds import is_video
from calib.geometry.camera import Camera
from calib.geometry.distortion import to_pixels
from sequences.files.rotated_camera import as_shown, rotated_as_shown
from sequences.files.video import VideoFile
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


def moving(number):
    """Bars that move four pixels a frame."""
    return np.roll(picture(0, SIZE), 4 * number, axis=1)


@pytest.mark.parametrize("name, codec", [("camcorder.mpg", "mpeg2video"), ("camcorder.mts", "libx264")])
def test_interlaced_video_comes_whole_and_moving(tmp_path, name, codec):
    """OpenCV gives black, or what memory held, for every frame."""
    options = {"flags": "+ilme+ildct", "b": "4M"} if codec == "mpeg2video" else {"x264-params": "tff=1"}
    clip = write_clip(tmp_path / name, codec, [40 * k for k in range(12)], shown=moving, rate=25, options=options)
    decoder, rgb = open_decoder(clip)
    pictures = [rgb for _, rgb in decoder.pictures()]
    assert isinstance(decoder, PyAvDecoder) and decoder.is_interlaced() and len(pictures) == 12
    assert np.array_equal(rgb, pictures[0])
    for number, rgb in enumerate(pictures):
        assert np.abs(rgb.astype(int) - moving(number)).mean() < 20


def test_without_pyav_pictures_that_are_all_the_same_are_doubted(tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "camcorder.mp4", shown=lambda number: picture(0, SIZE), options={"qp": "0"})
    assert open_decoder(clip)[0].remarks == (), "both decoders agree"
    monkeypatch.setitem(sys.modules, "av", None)
    decoder, _ = open_decoder(clip)
    assert isinstance(decoder, OpenCvDecoder) and "pip install av" in decoder.remarks[0]


@pytest.mark.parametrize("kind", [OpenCvDecoder, PyAvDecoder])
@pytest.mark.parametrize("aspect, shown", [(Fraction(4, 3), (96, 171)), (Fraction(8, 9), (108, 128))])
def test_pixels_are_made_square(tmp_path, kind, aspect, shown):
    decoder = kind(write_clip(tmp_path / "wide.mp4", aspect=aspect))
    (_, rgb), *_ = decoder.pictures()
    assert decoder.pixel_aspect == aspect and rgb.shape == (*shown, 3)


@pytest.mark.parametrize("transfer, says", [(16, "HDR10"), (18, "HDR (HLG)"), (1, "")])
def test_high_dynamic_range_is_said(tmp_path, monkeypatch, transfer, says):
    """With made-up pictures: before the first of such a video OpenCV computes for seconds."""
    monkeypatch.setattr(OpenCvDecoder, "pictures", lambda self: ((k / 30, picture(k, SIZE)) for k in range(2)))
    decoder, _ = open_decoder(write_clip(tmp_path / "phone.mp4", transfer=transfer))
    assert says in "".join(decoder.remarks) and bool(decoder.remarks) == bool(says)


@pytest.mark.parametrize("name, codec, kind", [("loop.gif", "gif", "gif"), ("stream.h264", "libx264", "h264"),
                                               ("noname", "libx264", "mp4"), ("wrong.txt", "libx264", "mpegts"),
                                               ("clip.dat", "libvpx-vp9", "webm"), ("old.mov", "mjpeg", "mov")])
def test_videos_of_every_name(tmp_path, name, codec, kind):
    pixels = {"gif": "rgb8", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
    clip = write_clip(tmp_path / name, codec, [40 * k for k in range(12)], container=kind, rate=25, pixels=pixels)
    assert is_video(clip)
    write_camera(tmp_path / "camera.yaml", CAMERA)
    frames = list(VideoFile(clip, SourceOptions(calibration_file=tmp_path / "camera.yaml")))
    assert len(frames) == 12
    assert [frame.timestamp_s for frame in frames] == pytest.approx([0.04 * k for k in range(12)], abs=0.002)


def test_what_is_no_video(tmp_path):
    for number, data in enumerate((b"", b"text\n" * 200, b"\0\0\0\x18ftypheic" + bytes(900), b"\x89PNG\r\n" * 100)):
        (tmp_path / f"{number}").write_bytes(data)
        assert not is_video(tmp_path / f"{number}")
    assert not is_video(tmp_path)


@pytest.mark.parametrize("clockwise_deg", [0, 90])
def test_a_calibration_of_the_stored_pixels_serves_the_shown_ones(clockwise_deg):
    """720x576 pixels of 16:15, as camcorders store them, are shown as 768x576."""
    stored, aspect = Camera(720, 576, 750.0, 800.0, 359.5, 287.5), Fraction(16, 15)
    size = (576, 768) if clockwise_deg == 0 else (768, 576)
    camera = as_shown(stored, size, clockwise_deg, aspect)
    assert camera.size == size and camera.fx == pytest.approx(800) and camera.fy == pytest.approx(800)
    assert as_shown(Camera(768, 576, 800.0, 800.0, 383.5, 287.5), (576, 768), 0, aspect).fx == 800


def test_the_lens_that_an_iphone_names(tmp_path):
    clip = write_clip(tmp_path / "IMG_1.mov", metadata={
        "com.apple.quicktime.camera.focal_length.35mm_equivalent": "26"})
    assert open_decoder(clip)[0].focal_35mm == 26
    write_camera(clip.with_suffix(".yaml"), CAMERA)
    assert VideoFile(clip, SourceOptions()).focal_hint == pytest.approx(26 / 43.267 * 160 / 128, rel=1e-3)
    assert open_decoder(write_clip(tmp_path / "IMG_2.mov"))[0].focal_35mm is None
