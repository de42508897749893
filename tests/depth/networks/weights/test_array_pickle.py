"""Dictionaries of arrays in .npy files."""

import os
import pickle

import numpy as np
import pytest

from calib.base.errors import NetworkError
from depth.networks.weights.array_pickle import read_array_pickle

LAYERS = {"conv1": {"weights": np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3), "biases": np.zeros(3, np.float32)}}


def npy(path, content, protocol=2, rename=()):
    """As NumPy 1 under Python 2 wrote it: header, then a pickle in which modules may have older names."""
    text = pickle.dumps(np.array(content, dtype=object), protocol=protocol)
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        file.write(text.replace(*rename) if rename else text)
    return path


@pytest.mark.parametrize("protocol, rename", [(2, (b"numpy._core.multiarray", b"numpy.core.multiarray")), (2, ()),
                                              (4, ()), (5, ())])
def test_layers_of_any_numpy(tmp_path, protocol, rename):
    read = read_array_pickle(npy(tmp_path / "a.npy", LAYERS, protocol, rename))
    assert read.keys() == LAYERS.keys() and read["conv1"].keys() == LAYERS["conv1"].keys()
    assert all(np.array_equal(read["conv1"][part], array) for part, array in LAYERS["conv1"].items())


class Command:
    def __reduce__(self):
        return os.system, ("false",)


def test_nothing_else_is_run(tmp_path):
    with pytest.raises(NetworkError, match="it asks for posix.system"):
        read_array_pickle(npy(tmp_path / "a.npy", {"conv1": Command()}))


@pytest.mark.parametrize("content", [b"", b"no numbers", b"\x93NUMPY\x01\x00v\x00"])
def test_files_of_other_kinds(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(NetworkError, match="no NumPy file of a dictionary of layers"):
        read_array_pickle(tmp_path / "a.npy")


def test_arrays_that_are_no_dictionary(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 3)))
    with pytest.raises(NetworkError, match="no NumPy file of a dictionary of layers"):
        read_array_pickle(tmp_path / "a.npy")


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(NetworkError, match="a.npy: No such file"):
        read_array_pickle(tmp_path / "a.npy")
