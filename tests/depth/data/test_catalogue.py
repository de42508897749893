"""Datasets by name and by what lies in a folder; what every one of them refuses."""

import cv2
import numpy as np
import pytest

from calib.base.errors import BadInputError
from depth.data.catalogue import DATASETS, open_dataset
from depth.evaluation.protocol import PROTOCOLS
from tests.helpers.depth_datasets import refusal, write_nyu_folder
from tests.helpers.tiny_recordings import truncate


def test_every_dataset_says_how_it_is_measured(tmp_path):
    write_nyu_folder(tmp_path, [1])
    assert open_dataset(f"nyu:{tmp_path}").name == f"nyu:{tmp_path.name}"
    for name in DATASETS:
        kind = getattr(__import__(DATASETS[name][0], fromlist=["_"]), DATASETS[name][1])
        assert kind.protocol in PROTOCOLS and 0 <= kind.border < 0.1


@pytest.mark.parametrize("name", DATASETS)
def test_empty_folders_are_refused(tmp_path, name):
    assert str(tmp_path) in refusal(f"{name}:{tmp_path}") or "nyu_depth_v2" in refusal(f"{name}:{tmp_path}")


def test_unknown_places(tmp_path):
    assert "cannot tell" in refusal(tmp_path)
    assert "no such" in refusal(tmp_path / "missing")
    assert "no dataset is called nuy; there are nyu_labelled, nyu" in refusal(f"nuy,spaced=4:{tmp_path}")
    (tmp_path / "file.txt").write_text("x")
    assert "cannot tell" in refusal(tmp_path / "file.txt")


def test_damaged_files_are_named(tmp_path):
    write_nyu_folder(tmp_path, [1, 2], size=(240, 320))
    truncate(tmp_path / "rgb_00001.png")
    assert "rgb_00001.png" in refusal(tmp_path)
    dataset = open_dataset(tmp_path)
    (tmp_path / "sync_depth_00002.png").write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    with pytest.raises(BadInputError, match="sync_depth_00002.png: not a 16-bit"):
        dataset[1]
    (tmp_path / "rgb_00002.png").unlink()
    with pytest.raises(BadInputError, match="rgb_00002.png"):
        dataset[1]
