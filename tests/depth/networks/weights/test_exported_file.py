"""Weights of the default network out of its ONNX file: torch's execution of them predicts what the file does."""

import numpy as np
import pytest

from calib.base.errors import NetworkError
from calib.geometry.nyu_kinect import NYU_CAMERA
from depth.runtimes.default_network import default_weights
from depth.runtimes.onnx_runtime import OnnxDepth

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from depth.networks.weights.exported_file import read_exported
from depth.runtimes.torch_runtime import open_weights


def test_the_shipped_network_runs_in_torch():
    rgb = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8).repeat(20, 0).repeat(20, 1)
    camera = NYU_CAMERA.fitted_to(rgb.shape[:2])
    by_torch = open_weights(default_weights()).predict(rgb, camera)
    by_onnx = OnnxDepth(default_weights(), threads=1).predict(rgb, camera)
    assert np.abs(by_torch.depth_m / by_onnx.depth_m - 1).max() < 0.01
    assert np.abs(by_torch.log_error - by_onnx.log_error).max() < 0.03


def test_a_file_of_another_network(tmp_path):
    node = onnx.helper.make_node("Conv", ["x", "0.weight", "0.weight_bias"], ["y"])
    values = [onnx.helper.make_tensor_value_info(name, 1, [1, 1, 4, 4]) for name in "xy"]
    tensors = [onnx.numpy_helper.from_array(np.ones(shape, np.float32), name)
               for shape, name in (((1, 1, 1, 1), "0.weight"), ((1,), "0.weight_bias"))]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([node], "g", values[:1], values[1:], tensors)),
              tmp_path / "other.onnx")
    with pytest.raises(NetworkError, match="was not exported from the network mobile"):
        read_exported(tmp_path / "other.onnx")
