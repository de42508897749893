"""MatConvNet's .mat files."""

import numpy as np
import pytest
from scipy.io import savemat

from calib.base.errors import NetworkError
from depth.networks.weights.matconvnet import read_matconvnet
from tests.helpers.matconvnet_file import saved_network

WEIGHTS = np.arange(18, dtype=np.float32).reshape(1, 3, 2, 3)
PREDICTION = np.arange(36, dtype=np.float32).reshape(3, 3, 4)  # MATLAB drops the last size of (3, 3, 4, 1)
MOMENTS = np.array([[0.5, 2], [-1, 0.1]])
PARAMETERS = {"conv_filter": WEIGHTS, "conv_bias": np.float32([[1, 2, 3]]), "bn_mult": np.float32([[4], [5]]),
              "bn_bias": np.float32([[6], [7]]), "bn_moments": MOMENTS, "pred_f": PREDICTION}
LAYERS = {"layer1": ("conv_filter", "conv_bias"), "layer1_BN": ("bn_mult", "bn_bias", "bn_moments"), "relu": (),
          "ConvPred": ("pred_f",)}


@pytest.mark.parametrize("wrap", [lambda network: network, lambda network: {"net": network}], ids=["flat", "net"])
def test_layers_and_their_parts(tmp_path, wrap):
    savemat(tmp_path / "net.mat", wrap(saved_network(PARAMETERS, LAYERS)))
    read = read_matconvnet(tmp_path / "net.mat")
    assert read.keys() == {"layer1", "layer1_BN", "ConvPred"}
    assert np.array_equal(read["layer1"]["weights"], WEIGHTS) and read["layer1"]["biases"].tolist() == [1, 2, 3]
    assert read["ConvPred"].keys() == {"weights"} and np.array_equal(read["ConvPred"]["weights"][..., 0], PREDICTION)
    norm = read["layer1_BN"]
    assert (norm["scale"].tolist(), norm["offset"].tolist(), norm["mean"].tolist()) == ([4, 5], [6, 7], [0.5, -1])
    assert np.allclose(np.sqrt(norm["variance"] + 1e-4), MOMENTS[:, 1]), "with epsilon it divides by the same"


@pytest.mark.parametrize("content, message", [
    (b"no matrices", "no MatConvNet network"), (b"", "no MatConvNet network"),
    (b"MATLAB 7.3 MAT-file".ljust(124) + bytes([0, 2]) + b"IM" + bytes(100), "-v7")])
def test_files_of_other_kinds(tmp_path, content, message):
    (tmp_path / "net.mat").write_bytes(content)
    with pytest.raises(NetworkError, match=message):
        read_matconvnet(tmp_path / "net.mat")


def test_matrices_that_are_no_network(tmp_path):
    savemat(tmp_path / "net.mat", {"depths": np.zeros((3, 4))})
    with pytest.raises(NetworkError, match="no MatConvNet network"):
        read_matconvnet(tmp_path / "net.mat")


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(NetworkError, match="net.mat: No such file"):
        read_matconvnet(tmp_path / "net.mat")
