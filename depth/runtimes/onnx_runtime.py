"""Depth networks in ONNX files, run by ONNX Runtime: the portable default."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from calib.base.errors import MissingPackageError, UnusableRuntimeError
from depth.onnx_files.endless import refuse_endless
from depth.onnx_files.model import Declared, read_model, require_file, unreadable
from depth.runtimes.network_spec import NetworkSpec
from depth.runtimes.onnx_network import OnnxNetwork

if TYPE_CHECKING:
    import onnx
    import onnxruntime


class OnnxDepth(OnnxNetwork):
    """A DepthEstimator from a file. Raises NetworkError if the file is not a depth network.

    `content` and `spec`: of a network that is no file of its own; `path` then only gives it its name.
    """

    def __init__(self, path: str | Path, options: Mapping[str, str] | None = None, device: str = "auto",
                 threads: int = 1, content: bytes | None = None, spec: NetworkSpec | None = None) -> None:
        self._source = path if content is None else content
        self._reopen, self._sessions = partial(open_session, self._source, Path(path), device, threads), {}
        session = self._reopen()
        inputs = [Declared(each.name, each.type, each.shape) for each in session.get_inputs()]
        super().__init__(path, options, inputs, [each.name for each in session.get_outputs()], spec)
        self.session = None if self.adapts else session
        self._device, self._threads = device, threads
        self.try_out()

    def stored_model(self) -> "onnx.ModelProto":
        """What the file holds; see OnnxNetwork."""
        return read_model(self._source, "changing a network")

    def refitted(self, model: "onnx.ModelProto") -> "OnnxDepth":
        """The same network with other weights; see OnnxNetwork."""
        return OnnxDepth(self.path, None, self._device, self._threads, model.SerializeToString(), self.spec)

    def run(self, image: np.ndarray) -> Sequence[np.ndarray]:
        """Run the file once; see OnnxNetwork."""
        outputs = self._session(image.shape).run(self.output_names, {self.input.name: image})
        return cast(Sequence[np.ndarray], outputs)  # no depth network puts out a list or a dictionary

    def _session(self, shape):
        """The session for inputs of this shape; one that knows the sizes that a file leaves open takes less time."""
        if self.session:
            return self.session
        if shape not in self._sessions:
            self._sessions[shape] = self._reopen({name: size for name, size in zip(self.input.shape, shape)
                                                  if isinstance(name, str)})
        return self._sessions[shape]


def open_session(source: str | Path | bytes, path: Path, device: str, threads: int,
                 sizes: Mapping[str, int] | None = None) -> "onnxruntime.InferenceSession":
    """What runs a file at `path`, or the bytes of one. Raises MissingPackageError, NetworkError, UnusableRuntimeError.

    `sizes`: {name of a size that the file leaves open: what it is to be}"""
    try:
        import onnxruntime
    except ImportError:
        raise MissingPackageError("onnxruntime", "--depth FILE.onnx") from None
    if not isinstance(source, bytes):
        require_file(path)
        refuse_endless(path)
    available = onnxruntime.get_available_providers()
    providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]
    if device == "cuda" and "CUDAExecutionProvider" not in available:
        raise UnusableRuntimeError("--device cuda: this ONNX Runtime has no CUDA; install onnxruntime-gpu or use "
                                   "--device cpu")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 4
    for name, size in (sizes or {}).items():
        settings.add_free_dimension_override_by_name(name, size)
    try:
        session = onnxruntime.InferenceSession(
            source if isinstance(source, bytes) else str(source), settings,
            providers=["CPUExecutionProvider"] if device == "cpu" else providers)
    except Exception as error:  # ONNX Runtime raises its own undocumented types
        raise unreadable(path, error) from error
    if device == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
        raise UnusableRuntimeError("--device cuda: ONNX Runtime finds no usable GPU (driver, CUDA and cuDNN); use "
                                   "--device cpu")
    return session
