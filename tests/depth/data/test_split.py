"""Which images are for training, for validation and for the test."""

from depth.data.catalogue import open_dataset
from depth.data.split import BLOCK, EVERY, is_validation
from tests.helpers.depth_datasets import refusal, write_nyu_folder


def test_validation_takes_whole_blocks(tmp_path):
    last = BLOCK * EVERY + 3
    write_nyu_folder(tmp_path, range(0, last, 3), size=(8, 10))
    train, val, everything = (open_dataset(tmp_path, split).names for split in ("train", "val", "all"))
    assert sorted(train + val) == everything and len(val) == BLOCK / 3
    assert all(is_validation(int(name[4:9])) for name in val) and val[0] == f"rgb_{BLOCK * (EVERY - 1):05d}.png"
    assert "no official test" in refusal(tmp_path, "test")


def test_a_list_as_split(tmp_path):
    write_nyu_folder(tmp_path / "images", [1, 2, 4])
    (tmp_path / "mine.txt").write_text("rgb_00004.png depth focal\n\nrgb_00001.png\nrgb_00077.png\n")
    assert open_dataset(tmp_path / "images", str(tmp_path / "mine.txt")).names == ["rgb_00001.png", "rgb_00004.png"]
    (tmp_path / "none.txt").write_text("rgb_00077.png\n")
    assert "none of its 3 images" in refusal(tmp_path / "images", str(tmp_path / "none.txt"))
    assert "--split training" in refusal(tmp_path / "images", "training")


def test_small_folders_have_no_validation_images(tmp_path):
    assert "in the split val" in refusal(write_nyu_folder(tmp_path, [0, 1]), "val")
