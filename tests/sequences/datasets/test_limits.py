"""Headers that lie of sizes and counts are refused before anything is made of that size."""

import struct

import pytest

from calib.base.errors import BadInputError, CalibrationError, SourceError
from calib.formats import colmap, tum
from calib.formats.document import Document
from calib.geometry.camera import MAX_SIDE_PX, Camera
from sequences.datasets import euroc, icl
from sequences.datasets.colmap import _binary, _images
from sequences.datasets.icl import read_distance
from sequences.datasets.scannet_sens import CAMERAS, IMAGES, _header


@pytest.mark.parametrize("width, height", [(2**31, 480), (640, MAX_SIDE_PX + 1)])
def test_a_camera_has_sides_that_a_sensor_can_have(width, height):
    with pytest.raises(CalibrationError, match="pixels on a side"):
        Camera(width, height, 500.0, 500.0, 320.0, 240.0)


@pytest.mark.parametrize("size", [(2**32 - 1, 2**32 - 1), (60_000, 60_000)])
def test_depth_of_absurd_size_in_a_sens_file(tmp_path, size):
    matrices = [500.0, 0, 320, 0, 0, 500, 240, 0, 0, 0, 1, 0, 0, 0, 0, 1] * 4
    (tmp_path / "a.sens").write_bytes(struct.pack("<IQ", 4, 0) + CAMERAS.pack(*matrices)
                                      + IMAGES.pack(2, 1, 640, 480, *size, 1000.0, 1))
    with open(tmp_path / "a.sens", "rb") as file, pytest.raises(BadInputError, match="larger than any|on a side"):
        _header(file, tmp_path / "a.sens")


@pytest.mark.parametrize("digits", [400, 5000])
def test_numbers_of_more_digits_than_python_converts(tmp_path, digits):
    number, csv, associations = "9" * digits, tmp_path / "data.csv", tmp_path / "associations.txt"
    csv.write_text(f"1403636579763555584,a.png\n{number},b.png\n")
    with pytest.raises(SourceError, match="data.csv line 2: expected"):
        euroc._images(tmp_path)
    associations.write_text(f"1 depth/1.png 1 rgb/1.png\n{number} depth/2.png 2 rgb/2.png\n")
    with pytest.raises(SourceError, match="associations.txt line 2: expected"):
        icl._associations(tmp_path)
    for module, text in ((colmap, f"{number} PINHOLE 640 480 500 500 320 240\n"),
                         (tum, f"Pinhole 0.5 0.75 0.5 0.5 0\n{number} 480\n")):
        assert not module.recognises(Document(text.encode()))


@pytest.mark.parametrize("data", [struct.pack("<Q", 2**63), struct.pack("<Q", 1) + bytes(64) + b"x" * 5000])
def test_counts_and_names_without_end_in_images_bin(data):
    with pytest.raises(ValueError, match="images|without end"):
        _binary(data)


def test_a_depth_text_of_too_many_numbers(tmp_path):
    (tmp_path / "scene_00_0000.depth").write_bytes(b"1 " * (9 << 20))
    with pytest.raises(BadInputError, match="too much for a text file"):
        read_distance(tmp_path / "scene_00_0000.depth")


def test_points_of_an_image_beyond_all_memory(tmp_path):
    """The second image would begin where no address is."""
    (tmp_path / "images.bin").write_bytes(struct.pack("<QI7dI", 2, 0, 1, *6 * [0], 1) + b"a.png\0"
                                          + struct.pack("<Q", 2**62))
    with pytest.raises(BadInputError, match="is no list of COLMAP's images"):
        _images(tmp_path / "images.bin")
