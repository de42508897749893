"""A torch network on an NVIDIA GPU as fast as torch runs it: half precision, channels last, one CUDA graph."""

import copy
from typing import TYPE_CHECKING

import numpy as np
import torch

from depth.runtimes import self_check
from depth.runtimes.image_network import ImageNetwork

if TYPE_CHECKING:
    from depth.runtimes.torch_runtime import TorchDepth

TYPES = {"fp16": torch.float16, "fp32": torch.float32}
WARM_UP = 3
"""Runs before the graph is recorded: the first ones choose algorithms and allocate, which a graph cannot hold."""


class GraphedDepth(ImageNetwork):
    """A TorchDepth in another precision, whose inputs and outputs stay in one place on the GPU."""

    one_size = True

    def __init__(self, original: "TorchDepth", precision: str) -> None:
        super().__init__(original.name, original.spec, original.size)
        self.module = copy.deepcopy(original.module).to("cuda", TYPES[precision], memory_format=torch.channels_last)
        self.details = f"{precision}, CUDA graph, {torch.cuda.get_device_name()}"
        shape = (1, 3, *self.size)
        self.on_host, self.on_gpu = torch.zeros(shape, pin_memory=True), torch.zeros(shape, device="cuda")
        torch.cuda.synchronize()  # the zeros were written on another stream
        self.stream, self.graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
        with torch.inference_mode(), torch.cuda.stream(self.stream):
            for _ in range(WARM_UP):
                self._forward(TYPES[precision])
            self.stream.synchronize()  # thread_local: what other threads do on the GPU meanwhile is their business
            with torch.cuda.graph(self.graph, stream=self.stream, capture_error_mode="thread_local"):
                self.outputs = self._forward(TYPES[precision])

    def _forward(self, kind):
        outputs = self.module(self.on_gpu.to(kind, memory_format=torch.channels_last))
        return [each.float() for each in (outputs if isinstance(outputs, tuple) else (outputs,))]

    def infer(self, image: np.ndarray) -> list[np.ndarray]:
        """Replay the graph once; see ImageNetwork."""
        self.on_host.copy_(torch.from_numpy(image))
        with torch.cuda.stream(self.stream):
            self.on_gpu.copy_(self.on_host, non_blocking=True)
            self.graph.replay()
            return [each.cpu().numpy() for each in self.outputs]  # cpu() waits for this stream


def fastest(original: "TorchDepth") -> "TorchDepth | GraphedDepth":
    """The fastest form of a float32 TorchDepth on the GPU that predicts the same; itself where there is none."""
    for precision in TYPES:
        try:
            candidate = GraphedDepth(original, precision)
            if self_check.difference(candidate, original) <= self_check.BOUNDS[precision]:
                return candidate
        except RuntimeError:  # torch: a module with steps that have no half precision, or that no graph can hold
            continue
    return original
