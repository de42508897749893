"""A network with an engine at work, and the check that it predicts what ONNX Runtime does."""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from calib.base.errors import OutputError, UnusableRuntimeError, one_line
from depth.runtimes import self_check
from depth.runtimes.nvidia_gpu import NvidiaGpu
from depth.runtimes.tensorrt.engine_cache import CachedEngine, read_bytes, write_bytes
from depth.runtimes.tensorrt.network import TensorRtNetwork
from depth.runtimes.tensorrt.session import EngineSession


class EngineDepth(TensorRtNetwork):
    """A DepthEstimator once its session is open."""

    gpu: NvidiaGpu
    precision: str
    """A key of depth.runtimes.self_check.BOUNDS."""
    threads: int
    """Threads of ONNX Runtime, where results are compared."""
    session: EngineSession
    difference: float
    """Relative difference of its depth to that of ONNX Runtime; see depth.runtimes.self_check.difference."""

    def run(self, image: np.ndarray) -> Sequence[np.ndarray]:
        """Run the engine once; see OnnxNetwork."""
        outputs = self.session.run(image)
        return [outputs[name] for name in self.output_names]

    def _start(self, engine: bytes, entry: CachedEngine, weights: bytes = b"") -> None:
        """Open `session` with an engine, and keep the kernels that were compiled for it. Raises UnusableRuntimeError.
        """
        kernels = entry.kernels(self.gpu.key)
        try:
            self.session = EngineSession(self.trt, engine, read_bytes(kernels), weights=weights)
        except (RuntimeError, TypeError) as error:  # TensorRT, of objects that it cannot make
            raise UnusableRuntimeError(f"the GPU cannot run its {self.precision} engine: {one_line(error)}") from error
        with suppress(OutputError):  # a full disk makes the next start slower, no more
            write_bytes(kernels, self.session.new_kernels())

    def _measured(self) -> float:
        """Compare what `session` predicts with ONNX Runtime -> `difference`."""
        return self_check.difference(self, self.reference(self.threads))

    def _require_right(self, difference: float) -> None:
        bound = self_check.BOUNDS[self.precision]
        if not difference <= bound:
            raise UnusableRuntimeError(
                f"its {self.precision} engine is wrong on this GPU: depth differs from ONNX Runtime's by "
                f"{100 * difference:.3g} % ({100 * bound:g} % are allowed)")
