"""Depth networks in ONNX files, run by ONNX Runtime: the portable default."""

from calib.errors import MissingPackageError, NetworkError, UnusableRuntimeError
from depth.onnx_network import Declared, OnnxNetwork, require_file, unreadable


class OnnxDepth(OnnxNetwork):
    """A DepthEstimator from a file. Raises NetworkError if the file is not a depth network."""

    def __init__(self, path, options=None, device="auto", threads=1):
        self.session = _open_session(path, device, threads)
        inputs = [Declared(each.name, each.type, each.shape) for each in self.session.get_inputs()]
        super().__init__(path, options, inputs, [each.name for each in self.session.get_outputs()])
        self.try_out()

    def run(self, image):
        """See OnnxNetwork."""
        return self.session.run(self.output_names, {self.input.name: image})


def _open_session(path, device, threads):
    try:
        import onnxruntime
    except ImportError:
        raise MissingPackageError("onnxruntime", "--depth FILE.onnx") from None
    require_file(path)
    available = onnxruntime.get_available_providers()
    providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]
    if device == "cuda" and "CUDAExecutionProvider" not in available:
        raise UnusableRuntimeError("--device cuda: this ONNX Runtime has no CUDA; install onnxruntime-gpu or use "
                                   "--device cpu")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), settings, providers=["CPUExecutionProvider"] if device == "cpu" else providers)
    except Exception as error:  # ONNX Runtime raises its own undocumented types
        raise unreadable(path, error) from error
    if device == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
        raise UnusableRuntimeError("--device cuda: ONNX Runtime finds no usable GPU (driver, CUDA and cuDNN); use "
                                   "--device cpu")
    return session
