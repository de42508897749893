"""Depth networks in ONNX files, run by OpenVINO on the CPU: fast, most of all where the CPU computes in bfloat16."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from calib.base.cache_folder import cache_folder
from calib.base.errors import MissingPackageError, NetworkError, UnusableRuntimeError
from depth.onnx_files.endless import refuse_endless
from depth.onnx_files.model import Declared, read_model, require_file, unreadable
from depth.runtimes.network_spec import NetworkSpec
from depth.runtimes.onnx_network import OnnxNetwork

if TYPE_CHECKING:
    import onnx

PRECISIONS = {"fp32": "f32", "bf16": "bf16"}
ONNX_TYPES = {"f32": "tensor(float)", "f16": "tensor(float16)"}


class OpenVinoDepth(OnnxNetwork):
    """A DepthEstimator from a file. Raises NetworkError if the file is not a depth network.

    `precision`: `fp32`, `bf16`, or `auto` for bf16 where the CPU computes in it. Compiled networks are kept on disk, so
    that the second start is quick. `content` and `spec`: of a network that is no file of its own; `path` then only
    gives it its name.
    """

    def __init__(self, path: str | Path, options: Mapping[str, str] | None = None, device: str = "auto",
                 threads: int = 1, precision: str = "auto", content: bytes | None = None,
                 spec: NetworkSpec | None = None) -> None:
        self._source = path if content is None else content
        self._core, self._model = _open_model(self._source, path, device)
        inputs = [_declared(each) for each in self._model.inputs]
        super().__init__(path, options, inputs, [_name(each) for each in self._model.outputs], spec)
        self._asked = device, threads, precision
        self.precision = self.details = _chosen(precision, self._core)
        self._settings, self._requests = _settings(threads, self.precision), {}
        self.try_out()

    def stored_model(self) -> "onnx.ModelProto":
        """What the file holds; see OnnxNetwork."""
        return read_model(self._source, "changing a network")

    def refitted(self, model: "onnx.ModelProto") -> "OpenVinoDepth":
        """The same network with other weights; see OnnxNetwork."""
        return OpenVinoDepth(self.path, None, *self._asked, model.SerializeToString(), self.spec)

    def run(self, image: np.ndarray) -> Sequence[np.ndarray]:
        """Run the file once; see OnnxNetwork. The results are copies, since the next call overwrites the originals."""
        request = self._request(image.shape)
        request.infer([image], share_inputs=True)
        return [np.array(request.get_output_tensor(k).data) for k in range(len(self.output_names))]

    def _request(self, shape):
        """The inference request for inputs of this shape, compiled when the first of them comes."""
        if shape not in self._requests:
            self._model.reshape(list(shape))
            compiled = self._core.compile_model(self._model, "CPU", self._settings)
            self._requests[shape] = compiled.create_infer_request()
        return self._requests[shape]


def _open_model(source, path, device):
    """The openvino.Core, and the openvino.Model of the file, or of its bytes."""
    try:
        import openvino
        from openvino.frontend import FrontEndManager
    except ImportError:
        raise MissingPackageError("openvino", "--runtime openvino") from None
    if device == "cuda":
        raise UnusableRuntimeError("--device cuda: OpenVINO has no CUDA; use --runtime onnx, or --device cpu")
    if not isinstance(source, bytes):
        require_file(path)
        refuse_endless(Path(path))
    try:
        reader = FrontEndManager().load_by_framework("onnx")  # asked to guess, its other readers would print
        model = reader.convert(reader.load(BytesIO(source) if isinstance(source, bytes) else str(path)))
    except Exception as error:  # OpenVINO raises RuntimeError and its own types
        raise unreadable(path, error) from error
    if not model.inputs or not model.outputs:  # to OpenVINO even an empty file is a network
        raise unreadable(path, "nothing goes in or nothing comes out")
    return openvino.Core(), model


def _declared(port):
    """openvino.Output -> Declared, whose open sizes are None"""
    kind = port.element_type.get_type_name()
    rank = port.partial_shape.rank
    sizes = [size.get_length() if size.is_static else None for size in port.partial_shape] if rank.is_static else []
    return Declared(_name(port), ONNX_TYPES.get(kind, f"tensor({kind})"), sizes)


def _name(port):
    """Optimisation may leave a tensor several names, of which the file's own is the shortest, or none."""
    return min(port.names, key=len, default="")


def _chosen(precision, core):
    """`auto`, `fp32` or `bf16` -> one of the latter two. Raises NetworkError."""
    if precision not in ("auto", *PRECISIONS):
        raise NetworkError(f"precision {precision}: choose auto, {' or '.join(PRECISIONS)}")
    knows_bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if precision == "bf16" and not knows_bf16:
        raise NetworkError("precision bf16: this CPU does not compute in bfloat16; choose fp32")
    return precision if precision != "auto" else "bf16" if knows_bf16 else "fp32"


def _settings(threads, precision):
    """Settings for one image at a time, as soon as possible, on `threads` threads that may share cores with others."""
    settings = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": str(threads),
                "INFERENCE_PRECISION_HINT": PRECISIONS[precision], "ENABLE_CPU_PINNING": "NO"}
    folder = cache_folder("openvino")
    return {**settings, "CACHE_DIR": str(folder)} if folder else settings
