"""What of a folder depth is predicted for, and what is said of the rest."""

import cv2
import numpy as np
import pytest

from calib.base.errors import BadInputError
from depth.photos.pictures import Pictures

RGB = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)


@pytest.fixture
def folder(tmp_path):
    for k in range(3):
        cv2.imwrite(str(tmp_path / f"{k}.jpg"), RGB)
        cv2.imwrite(str(tmp_path / f"{k}_depth.png"), RGB[..., 0].astype(np.uint16))
        cv2.imwrite(str(tmp_path / f"{k}_mask.png"), RGB[..., 0])
        for suffix in (".exr", ".jxl", ".txt"):
            (tmp_path / f"{k}{suffix}").write_bytes(b"x")
    return tmp_path


def test_pictures_only_and_the_rest_is_named(folder):
    pictures = Pictures([folder])
    assert [picture.name for picture in pictures] == ["0", "1", "2"]
    unread, others = pictures.remarks
    assert "6 files are left out, 0.exr the first (EXR is not read, JXL is not read)" in unread
    assert "3 are masks (0_mask.png ...), 3 are depth: predicted for the pictures only" in others


def test_depth_alone_is_refused_in_one_line(folder):
    for k in range(3):
        (folder / f"{k}.jpg").unlink()
        (folder / f"{k}_mask.png").unlink()
    with pytest.raises(BadInputError, match="depth without pictures") as caught:
        Pictures([folder])
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_video_is_a_picture_that_is_refused(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"x" * 100)
    picture, = Pictures([tmp_path / "clip.mp4"])
    with pytest.raises(BadInputError, match="cannot be opened as a video"):
        picture.read()
