"""Single image files: every kind becomes RGB, and what is not whole is refused."""

import os
import struct
import zlib

import cv2
import numpy as np
import pytest

from calib.base.errors import BadInputError
from calib.files import image_file
from calib.files.image_file import (
    UnreadableImage,
    decode_rgb,
    encode_jpeg,
    encode_png,
    read_depth_m,
    read_depth_u16,
    read_gray,
    read_rgb,
)
from tests.helpers.paths import DATA
from tests.helpers.tiny_recordings import picture, truncate, write_rgb


def encoded(image, suffix, *parameters):
    return cv2.imencode(suffix, image, parameters)[1].tobytes()


def jpeg(size=(48, 64), *parameters):
    """JPEG data of a picture with some texture."""
    noise = np.random.default_rng(0).integers(0, 40, (*size, 3), np.uint8)
    return encoded(picture(0, size) + noise, ".jpg", *parameters)


def read(tmp_path, data, name="image"):
    (tmp_path / name).write_bytes(data)
    return read_rgb(tmp_path / name)


def refusal(path, read=read_rgb):
    with pytest.raises(UnreadableImage) as caught:
        read(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    return str(caught.value)


def test_images_that_would_fill_the_memory_are_refused_by_their_header(tmp_path, monkeypatch):
    ihdr = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    bomb = encoded(picture(0, (8, 8)), ".png")
    bomb = bomb.replace(bomb[12:33], b"IHDR" + ihdr + struct.pack(">I", zlib.crc32(b"IHDR" + ihdr)))
    (tmp_path / "bomb.png").write_bytes(bomb)
    assert "40000 million pixels" in refusal(tmp_path / "bomb.png")
    (tmp_path / "large.jpg").write_bytes(jpeg())
    monkeypatch.setattr(image_file, "MAX_PIXELS", 48 * 64 - 1)
    assert "make it smaller" in refusal(tmp_path / "large.jpg")
    monkeypatch.setattr(image_file, "MAX_BYTES", 100)
    assert "too much for an image" in refusal(tmp_path / "large.jpg")


def test_devices_and_pipes_are_no_images(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "is no file" in refusal(tmp_path / "pipe.png")
    assert "is no file" in refusal("/dev/zero")


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".ppm", ".tif", ".webp"])
def test_colours_come_in_order(tmp_path, suffix):
    write_rgb(tmp_path / f"a{suffix}", picture(3))
    rgb = read_rgb(tmp_path / f"a{suffix}")
    assert rgb.dtype == np.uint8 and np.abs(rgb.astype(int) - picture(3)).max() <= (8 if suffix == ".webp" else 0)


def test_grey_alpha_and_16_bits_become_rgb(tmp_path):
    bgr = picture(2)[..., ::-1]
    grey = read(tmp_path, encoded(bgr[..., 2], ".png"))
    assert np.array_equal(grey, bgr[..., 2:].repeat(3, -1))
    alpha = np.zeros((*bgr.shape[:2], 1), np.uint8)
    assert np.array_equal(read(tmp_path, encoded(np.dstack([bgr, alpha]), ".png")), picture(2))
    assert np.array_equal(read(tmp_path, encoded(bgr.astype(np.uint16) * 257, ".png")), picture(2))


@pytest.mark.parametrize("header, missing", [
    (b"P6\n4 3\n255\n", 4 * 3 * 3), (b"P5 4 3 65535\n", 4 * 3 * 2), (b"P6\n# a remark\n4 3\n#\n255\n", 4 * 3 * 3)])
def test_pixmaps_must_hold_what_their_header_announces(tmp_path, header, missing):
    """OpenCV itself makes up the last rows."""
    path = tmp_path / "a.ppm"
    path.write_bytes(header + bytes(missing))
    assert read_rgb(path).shape == (3, 4, 3)
    path.write_bytes(header + bytes(missing - 1))
    assert "truncated or empty" in refusal(path)


def test_depth_in_metres_and_grey_images(tmp_path):
    (tmp_path / "depth.png").write_bytes(encoded(np.array([[0, 2500, 65535]], np.uint16), ".png"))
    assert read_depth_m(tmp_path / "depth.png", 5000).tolist() == [[0, 0.5, 0]]
    assert "not an 8-bit single-channel image" in refusal(tmp_path / "depth.png", read_gray)
    (tmp_path / "grey.png").write_bytes(encoded(np.array([[0, 1, 2]], np.uint8), ".png"))
    assert read_gray(tmp_path / "grey.png").tolist() == [[0, 1, 2]]


def test_images_within_other_files():
    assert np.array_equal(decode_rgb(encoded(picture(1)[..., ::-1], ".png"), "scan frame 1"), picture(1))
    with pytest.raises(UnreadableImage, match="scan frame 2: truncated"):
        decode_rgb(jpeg()[:-100], "scan frame 2")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".ppm", ".tif", ".webp"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_truncated_files_are_refused(tmp_path, suffix, share):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(jpeg() if suffix == ".jpg" else encoded(picture(0), suffix))
    truncate(path, share)
    refusal(path)


@pytest.mark.parametrize("parameters", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)])
def test_every_cut_of_a_jpeg_is_truncated(tmp_path, parameters):
    data = jpeg((48, 64), *parameters)
    assert read(tmp_path, data).shape == (48, 64, 3)
    for length in (*range(0, len(data) - 2, 97), len(data) - 2, len(data) - 1):
        (tmp_path / "cut.jpg").write_bytes(data[:length])
        assert "truncated or empty" in refusal(tmp_path / "cut.jpg")


def test_a_thumbnail_does_not_hide_that_the_end_is_missing(tmp_path):
    """An EXIF segment may hold a whole JPEG of its own, end marker and all."""
    data, thumbnail = jpeg(), jpeg((8, 8))
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail
    with_thumbnail = data[:2] + segment + data[2:]
    assert np.array_equal(read(tmp_path, with_thumbnail), read(tmp_path, data))
    (tmp_path / "cut.jpg").write_bytes(with_thumbnail[:-200])
    assert "truncated or empty" in refusal(tmp_path / "cut.jpg")


@pytest.mark.parametrize("data", [jpeg(), encoded(picture(0), ".png")])
@pytest.mark.parametrize("appended", [b"SEFT" + bytes(range(256)), b"\0\0\0\x18ftypmp42" + bytes(10_000)])
def test_bytes_after_the_end_do_no_harm(tmp_path, data, appended):
    """Photos with depth maps, or with the clip of a motion photo, which is as long as it likes."""
    assert np.array_equal(read(tmp_path, data + appended, "a"), read(tmp_path, data, "b"))


def test_a_truncated_photo_is_not_saved_by_what_was_appended_to_another(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg()[:-500] + bytes(10_000))
    assert "truncated or empty" in refusal(tmp_path / "a.jpg")


def test_what_is_refused_is_bad_input_that_says_what_to_do(tmp_path):
    """Recordings skip an UnreadableImage; where nobody does, it is one line and exit code 2."""
    (tmp_path / "a.png").write_bytes(b"")
    assert "leave it out" in refusal(tmp_path / "a.png")
    assert issubclass(UnreadableImage, BadInputError) and UnreadableImage("x").exit_code == 2


def test_images_are_written_as_they_are_read(tmp_path):
    rgb, depth_u16 = picture(4), np.arange(12, dtype=np.uint16).reshape(3, 4) * 999
    assert np.array_equal(read(tmp_path, encode_png(rgb)), rgb)
    assert np.abs(read(tmp_path, encode_jpeg(rgb)).astype(int) - rgb).mean() < 3
    (tmp_path / "d.png").write_bytes(encode_png(depth_u16))
    assert np.array_equal(read_depth_u16(tmp_path / "d.png"), depth_u16)


def test_damaged_and_foreign_files(tmp_path):
    data = bytearray(encoded(picture(0), ".png"))
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "a.png").write_bytes(data)
    assert "not an image, or damaged" in refusal(tmp_path / "a.png")
    (tmp_path / "a.png").write_text("<html>404</html>")
    assert "this is HTML, which is not read" in refusal(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes(b"")
    assert "truncated or empty" in refusal(tmp_path / "a.png")
    assert "No such file" in refusal(tmp_path / "none.png")
    assert "Is a directory" in refusal(tmp_path)


def test_depth_stays_raw_but_for_what_is_no_reading(tmp_path):
    """0 and 65535; 65534 is a distance."""
    raw = np.array([[0, 1, 1000], [65534, 65535, 7]], np.uint16)
    (tmp_path / "d.png").write_bytes(encoded(raw, ".png"))
    depth_u16 = read_depth_u16(tmp_path / "d.png")
    assert depth_u16.dtype == np.uint16 and depth_u16.tolist() == [[0, 1, 1000], [65534, 0, 7]]


@pytest.mark.parametrize("image", [np.ones((4, 5), np.uint8), np.ones((4, 5, 3), np.uint16)])
def test_depth_of_another_kind_is_refused(tmp_path, image):
    (tmp_path / "d.png").write_bytes(encoded(image, ".png"))
    assert "not a 16-bit single-channel depth image" in refusal(tmp_path / "d.png", read_depth_u16)


def test_opencv_keeps_silent_about_damage(tmp_path, capfd):
    (tmp_path / "a.ppm").write_bytes(encoded(picture(0), ".ppm")[:400])
    refusal(tmp_path / "a.ppm")
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not DATA.is_dir(), reason="no real pictures")
def test_real_pictures_are_whole():
    for folder in ("kitchen", "desk"):
        for path in sorted((DATA / folder / "rgb").iterdir())[::100]:
            assert read_rgb(path).shape == (480, 640, 3)
