"""Folders in which not every image is a picture."""

import cv2
import numpy as np
import pytest

from calib.files.image_file import natural_order
from calib.files.picture_roles import split_pictures

RGB = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
GRAY, DEEP, SMALL = RGB[..., 0], RGB[..., 0].astype(np.uint16) * 20, RGB[::2, ::2]


@pytest.fixture
def split(tmp_path):
    """{name with * for 0 to 3: image} -> the names of pictures, their depth, and what is left aside."""
    def splitting(kinds):
        for pattern, image in kinds.items():
            for number in range(4) if "*" in pattern else [0]:
                cv2.imwrite(str(tmp_path / pattern.replace("*", f"{number:04d}")), image)
        roles = split_pictures(sorted(tmp_path.iterdir(), key=natural_order))
        return ([file.name for file in roles.pictures], {a.name: b.name for a, b in roles.depth.items()},
                {what: len(files) for what, files in roles.left_aside.items()})
    return splitting


def names(pattern):
    return [pattern.replace("*", f"{number:04d}") for number in range(4)]


@pytest.mark.parametrize("colour, depth", [
    ("*_colors.png", "*_depth.png"), ("frame-*.color.jpg", "frame-*.depth.png"), ("rgb_*.jpg", "sync_depth_*.png"),
    ("*.jpg", "*.png"), ("color*.png", "depth*.png"), ("IMG_*.jpg", "IMG_*_depth.tiff"), ("*-rgb.png", "*-d.png")])
def test_depth_goes_with_its_picture(split, colour, depth):
    pictures, depths, aside = split({colour: RGB, depth: DEEP})
    assert pictures == names(colour) and aside == {}
    assert depths == dict(zip(names(colour), names(depth)))


@pytest.mark.parametrize("other, image, what", [
    ("*_mask.png", GRAY, "masks"), ("right_*.png", RGB, "the right camera's"), ("*_depth.jpg", RGB, "coloured depth"),
    ("*_normal.png", RGB, "normal images"), ("*_seg.png", GRAY, "masks"), ("*_R.png", RGB, "the right camera's"),
    ("*.webp", RGB, "the same pictures again"), ("*_thumb.jpg", SMALL, "thumbnail images")])
def test_companions_are_left_aside(split, other, image, what):
    colour = "left_*.png" if other.startswith("right") else "*_L.png" if other.endswith("_R.png") else "*.png"
    pictures, depths, aside = split({colour: RGB, other: image})
    assert (pictures, depths, aside) == (names(colour), {}, {what: 4})


@pytest.mark.parametrize("kinds", [
    {"depth_*.jpg": RGB}, {"right*.png": RGB}, {"mask.png": RGB, "IMG_*.png": RGB}, {"a.jpg": RGB, "b.png": RGB},
    {"DSC_*.jpg": RGB, "IMG_1*.png": RGB}, {"*.png": DEEP}, {"left*.jpg": RGB}])
def test_pictures_that_nothing_goes_with_stay_pictures(split, kinds):
    pictures, depths, aside = split(kinds)
    assert len(pictures) == sum(4 if "*" in pattern else 1 for pattern in kinds) and not depths and not aside


def test_depth_alone_is_no_picture(split):
    assert split({"depth_*.png": DEEP}) == ([], {}, {"depth without pictures": 4})
