"""TensorFlow checkpoints without TensorFlow."""

import os

import numpy as np
import pytest

from calib.base.errors import NetworkError
from depth.networks.weights.tensor_bundle import read_bundle
from tests.helpers.tensor_bundle_file import write_bundle

ARRAYS = {"conv1/weights": np.arange(294, dtype=np.float32).reshape(7, 7, 3, 2), "conv1/biases": np.float32([1.5, -2]),
          "conv10/biases": np.float32([7]), "step": np.array(300, np.int64), "x_0": np.arange(5, dtype=np.int32)}


@pytest.mark.parametrize("block_entries", [1, 2, 100])
def test_names_shapes_and_values(tmp_path, block_entries):
    write_bundle(tmp_path / "model.ckpt", ARRAYS, block_entries)
    read = read_bundle(tmp_path / "model.ckpt")
    assert read.keys() == ARRAYS.keys()
    assert all(read[name].dtype == array.dtype and np.array_equal(read[name], array) for name, array in ARRAYS.items())


def refusal(path):
    with pytest.raises(NetworkError) as caught:
        read_bundle(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_missing(tmp_path):
    write_bundle(tmp_path / "model.ckpt", ARRAYS)
    (tmp_path / "model.ckpt.data-00000-of-00001").unlink()
    assert "model.ckpt.data-00000-of-00001: No such file" in refusal(tmp_path / "model.ckpt")
    assert "other.ckpt.index: No such file" in refusal(tmp_path / "other.ckpt")


def test_files_of_other_kinds(tmp_path):
    write_bundle(tmp_path / "model.ckpt", ARRAYS)
    index = tmp_path / "model.ckpt.index"
    whole = index.read_bytes()
    for content in (b"", b"\0" * 100, whole[:-1], whole[1:]):
        index.write_bytes(content)
        assert "no TensorFlow checkpoint" in refusal(index)
    write_bundle(tmp_path / "model.ckpt", ARRAYS, compression=1)
    assert "it is compressed" in refusal(index)
    write_bundle(tmp_path / "model.ckpt", {"half": np.float16([1])})
    assert "no TensorFlow checkpoint" in refusal(index)


def test_data_that_ends_early(tmp_path):
    write_bundle(tmp_path / "model.ckpt", ARRAYS)
    data = tmp_path / "model.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-4])
    assert "no TensorFlow checkpoint" in refusal(tmp_path / "model.ckpt")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_data_that_are_a_pipe_are_refused(tmp_path):
    write_bundle(tmp_path / "model.ckpt", {"a/b": np.ones(2, np.float32)})
    data = tmp_path / "model.ckpt.data-00000-of-00001"
    data.unlink()
    os.mkfifo(data)
    with pytest.raises(NetworkError, match="is no file"):
        read_bundle(tmp_path / "model.ckpt")
