"""NYU's labelled .mat file."""

import struct
import sys
import tracemalloc

import numpy as np
import pytest
from scipy.io import savemat

from calib.base.errors import MissingPackageError
from calib.geometry.nyu_kinect import NYU_CAMERA
from depth.data.catalogue import open_dataset
from tests.helpers.depth_datasets import refusal


def write_mat(folder, count=4, size=(6, 8), names=("images", "depths", "rawDepths")):
    """As MATLAB writes it: (N, 3, width, height) and (N, width, height). -> images (N, h, w, 3), depths (N, h, w)."""
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (count, *size, 3), np.uint8)
    depths = rng.uniform(1, 9, (count, *size)).astype(np.float32)
    content = {"images": images.transpose(0, 3, 2, 1), "depths": depths.transpose(0, 2, 1),
               "rawDepths": 0.5 * depths.transpose(0, 2, 1)}
    with h5py.File(folder / "nyu_depth_v2_labeled.mat", "w") as file:
        for name in names:
            file[name] = content[name]
    return images, depths


def test_nyu_labelled_mat(tmp_path):
    images, depths = write_mat(tmp_path)
    savemat(tmp_path / "splits.mat", {"trainNdxs": np.array([[2], [4]]), "testNdxs": np.array([[1], [3]])})
    for location in (tmp_path, tmp_path / "nyu_depth_v2_labeled.mat"):
        train, test = open_dataset(location, "train"), open_dataset(location, "test")
        assert (train.names, test.names) == (["00001", "00003"], ["00000", "00002"])
        sample = test[1]
        assert np.array_equal(sample.rgb, images[2]) and np.array_equal(sample.depth_m, depths[2])
        assert sample.camera == NYU_CAMERA.resized((6, 8))
    assert len(open_dataset(tmp_path, "all")) == 4


def test_nyu_labelled_mat_is_read_image_by_image(tmp_path):
    """The real file is 2.8 GB. This one is as large when read, but only one image of it is written."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "nyu_depth_v2_labeled.mat", "w") as file:
        images = file.create_dataset("images", (1449, 3, 640, 480), np.uint8, chunks=(1, 3, 640, 480))
        file.create_dataset("depths", (1449, 640, 480), np.float32, chunks=(1, 640, 480))
        images[700] = 99
    tracemalloc.start()
    try:
        sample = open_dataset(tmp_path, "all")[700]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.all(sample.rgb == 99) and sample.depth_m.shape == (480, 640) and peak < 30e6


def test_nyu_labelled_mat_refused(tmp_path, monkeypatch):
    write_mat(tmp_path, names=("images",))
    assert "lacks depths" in refusal(tmp_path)
    write_mat(tmp_path)
    assert "splits.mat" in refusal(tmp_path, "train")
    (tmp_path / "splits.mat").write_bytes(b"nothing")
    assert "splits.mat" in refusal(tmp_path, "test")
    savemat(tmp_path / "splits.mat", {"testNdxs": np.array([[99]])})
    assert "does not have" in refusal(tmp_path, "test")
    (tmp_path / "nyu_depth_v2_labeled.mat").write_bytes(b"nothing")
    assert "HDF5" in refusal(tmp_path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert "pip install h5py" in refusal(tmp_path, kind=MissingPackageError)


@pytest.mark.parametrize("field", [0, 1])
def test_damage_within_the_mat_file_is_one_line(tmp_path, field):
    write_mat(tmp_path)
    path = tmp_path / "nyu_depth_v2_labeled.mat"
    data = bytearray(path.read_bytes())
    symbols = data.index(b"SNOD") + 8  # of each array: where its name is, and its header
    for place in range(symbols + 8 * field, symbols + 80, 40):
        data[place:place + 8] = struct.pack("<Q", 2**40)
    path.write_bytes(data)
    assert "cannot be read as HDF5" in refusal(tmp_path)
