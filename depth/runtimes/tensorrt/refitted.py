"""A network whose weights have changed, run by an engine that is built once and given new weights each time."""

from contextlib import suppress
from typing import TYPE_CHECKING

from calib.base.errors import OutputError
from depth.onnx_files.model import read_model
from depth.runtimes.onnx_network import OnnxNetwork
from depth.runtimes.tensorrt.engine_depth import EngineDepth

if TYPE_CHECKING:
    import onnx

    from depth.runtimes.tensorrt.runtime import TensorRtDepth


class RefittedDepth(EngineDepth):
    """A DepthEstimator with the weights of `model`, a graph like that of `original`, in the same precision.

    The engine is another than the original's, which is faster because its weights are fixed. Raises
    UnusableRuntimeError where it cannot be built, takes no new weights, or predicts something else with them.
    """

    def __init__(self, original: "TensorRtDepth", model: "onnx.ModelProto") -> None:
        super().__init__(original.path, None, original.trt, original.gpu, original.cache.folder,
                         model.SerializeToString(), original.spec)
        self.original, self.precision, self.threads = original, original.precision, original.threads
        self.details, self.digest = original.details, original.digest  # one engine for all that have this graph
        entry = self.cached(self.precision, refittable=True)
        engine = entry.load() or self._built(entry)
        self._start(engine, entry, weights=self.form(self.precision))
        self.difference = self._measured()
        self._require_right(self.difference)

    def stored_model(self) -> "onnx.ModelProto":
        """The graph with its new weights; see OnnxNetwork."""
        return read_model(self.content or b"", "changing a network")

    def refitted(self, model: "onnx.ModelProto") -> OnnxNetwork:
        """The same network with other weights; see OnnxNetwork."""
        return self.original.refitted(model)

    def _built(self, entry):
        """Bytes of an engine, built now, and cached if possible."""
        built = self.build(self.precision, refittable=True)
        with suppress(OutputError):
            self.keep(built, entry)
        return built.engine
