"""Depth networks in ONNX files, run by ONNX Runtime."""

import time
from pathlib import Path

import numpy as np

from calib.errors import MissingPackageError, NetworkError
from depth.estimator import DepthPrediction, cleaned_depth, focal_scale
from depth.network_spec import read_spec
from depth.preprocessing import to_depth_m, to_input

DEFAULT_SIZE = (224, 288)
MAX_DEPTH_M = 1000.0
NUMPY_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class OnnxDepth:
    """A DepthEstimator from a file. Raises NetworkError if the file is not a depth network."""

    def __init__(self, path, options=None, device="auto", threads=1):
        self.path = Path(path)
        self.name = self.path.name
        self.session = _open_session(self.path, device, threads)
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        if len(inputs) != 1 or len(inputs[0].shape or ()) != 4 or inputs[0].type not in NUMPY_TYPES:
            shapes = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs) or "none"
            raise NetworkError(f"{self.name} does not take one image: its inputs are {shapes}, "
                               f"wanted is one float tensor (1, 3, h, w) or (1, h, w, 3)")
        self.input = inputs[0]
        self.spec = read_spec(self.path, options or {}, self.input.name, outputs[0].name)
        self.size = self._input_size()
        self._raw(np.zeros((*self.size, 3), np.uint8))  # what fails here would fail in mid-run

    def predict(self, rgb, camera):
        """See depth.estimator.DepthEstimator."""
        start = time.perf_counter()
        depth_m = to_depth_m(self._raw(rgb), self.spec)
        if self.spec.focal_px:
            depth_m = depth_m * np.float32(focal_scale(camera, self.size, self.spec.focal_px))
        depth_m = cleaned_depth(depth_m, MAX_DEPTH_M, self.name)
        return DepthPrediction(depth_m, 1e3 * (time.perf_counter() - start))

    def _input_size(self):
        """(height, width) that the file fixes, else what the options or the default say."""
        batch, *rest = self.input.shape
        channels = rest[0] if self.spec.layout == "nchw" else rest[2]
        if isinstance(channels, int) and channels != 3:
            other = "nhwc" if self.spec.layout == "nchw" else "nchw"
            raise NetworkError(f"{self.name} takes {self.input.shape}, not three colour channels in "
                               f"{self.spec.layout} layout: give --depth-option layout={other}, or another network")
        if isinstance(batch, int) and batch != 1:
            raise NetworkError(f"{self.name} takes batches of {batch} images; export it for one image at a time")
        fixed = rest[1:] if self.spec.layout == "nchw" else rest[:2]
        wanted = self.spec.size or DEFAULT_SIZE
        size = tuple(have if isinstance(have, int) else want for have, want in zip(fixed, wanted))
        if self.spec.size and size != self.spec.size:
            raise NetworkError(f"{self.name} takes images of height and width {size[0]},{size[1]} only: drop the "
                               f"option size={wanted[0]},{wanted[1]}")
        return size

    def _raw(self, rgb):
        """(H, W, 3) uint8 -> (h, w) float32, whatever the network means by it."""
        image = to_input(rgb, self.size, self.spec).astype(NUMPY_TYPES[self.input.type], copy=False)
        try:
            output = self.session.run(None, {self.input.name: image})[0]
        except Exception as error:  # ONNX Runtime raises its own undocumented types
            raise NetworkError(f"{self.name} fails on a {self.size[1]}x{self.size[0]} image: {_line(error)}") from error
        depth = np.squeeze(output)
        if depth.ndim != 2 or min(depth.shape) < 4 or depth.dtype.kind not in "fiu":
            raise NetworkError(f"{self.name} predicts an array of shape {np.shape(output)}, not one depth map")
        return depth.astype(np.float32, copy=False)


def _open_session(path, device, threads):
    try:
        import onnxruntime
    except ImportError:
        raise MissingPackageError("onnxruntime", "--depth FILE.onnx") from None
    if not path.is_file():
        raise NetworkError(f"no depth network {path}: give an .onnx file that exists, or --depth sensor")
    available = onnxruntime.get_available_providers()
    providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]
    if device == "cuda" and "CUDAExecutionProvider" not in available:
        raise NetworkError("--device cuda: this ONNX Runtime has no CUDA; install onnxruntime-gpu or use --device cpu")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), settings, providers=["CPUExecutionProvider"] if device == "cpu" else providers)
    except Exception as error:  # ONNX Runtime raises its own undocumented types
        raise NetworkError(f"{path} cannot be loaded as an ONNX network: {_line(error)}") from error
    if device == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
        raise NetworkError("--device cuda: ONNX Runtime finds no usable GPU (driver, CUDA and cuDNN); use --device cpu")
    return session


def _line(error):
    """The message of an exception in one line of bearable length."""
    return " ".join(str(error).split())[:300]
