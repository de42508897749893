"""A network that learns while it is in use: trained in a process of its own, swapped as better weights come."""

import os
import pickle
import queue
import subprocess
import sys
import threading
from typing import BinaryIO, NamedTuple

import numpy as np

from calib.base.errors import MonofuseError, NetworkError
from calib.geometry.camera import Camera
from depth.adaptation.config import LiveConfig
from depth.adaptation.target import Target
from depth.estimator import DepthEstimator, DepthPrediction
from depth.onnx_files.model import read_model
from depth.runtimes.network_spec import NetworkSpec
from depth.runtimes.onnx_network import OnnxNetwork

CLOSING_S = 5.0
"""Longest wait for the process to end by itself."""


class Beginning(NamedTuple):
    """What the process is told first."""

    name: str
    model: bytes
    """Content of an ONNX file."""
    spec: NetworkSpec
    config: LiveConfig


class SwappedEstimator:
    """A DepthEstimator whose network may be another one from one image to the next."""

    def __init__(self, estimator: DepthEstimator) -> None:
        self.name, self.current = estimator.name, estimator
        self.swaps = 0
        """Number of times that it was swapped."""

    def predict(self, rgb: np.ndarray, camera: Camera) -> DepthPrediction:
        """Depth by the newest network; see depth.estimator.DepthEstimator."""
        return self.current.predict(rgb, camera)

    def swap(self, estimator: DepthEstimator) -> None:
        """Use another network from the next image on."""
        self.current, self.swaps = estimator, self.swaps + 1


class LiveAdapter:
    """Trains a copy of an estimator's network in a process of low priority, as targets come.

    `estimator` takes its place and predicts with the newest weights. When these come depends on the machine, so results
    are not the same from run to run. A process that fails leaves the network as it was, and the reason in `problem`.
    """

    def __init__(self, estimator: DepthEstimator, config: LiveConfig | None = None) -> None:
        """Raises NetworkError where the network is not run from an ONNX graph, MissingPackageError."""
        if not isinstance(estimator, OnnxNetwork):
            raise NetworkError(f"{estimator.name} cannot learn during the run: only networks in ONNX files and weights "
                               f"of the default network can")
        self.estimator, self._original = SwappedEstimator(estimator), estimator
        self.problem: str | None = None
        self._is_closing = False
        beginning = Beginning(estimator.name, estimator.stored_model().SerializeToString(), estimator.spec,
                              config or LiveConfig())
        self._messages: queue.SimpleQueue[Beginning | Target | None] = queue.SimpleQueue()
        self._messages.put(beginning)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen([sys.executable, "-m", "depth.adaptation.live_process"], env=environment,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                         start_new_session=True)  # Ctrl-C is not for it
        assert self.process.stdin and self.process.stdout
        self._threads = [threading.Thread(target=self._send, args=(self.process.stdin,), daemon=True),
                         threading.Thread(target=self._receive, args=(self.process.stdout,), daemon=True)]
        for thread in self._threads:
            thread.start()

    def add(self, target: Target) -> None:
        """One more image to learn from; returns at once."""
        self._messages.put(target)

    def close(self) -> None:
        """End the training; `estimator` keeps the newest weights."""
        self._is_closing = True
        self._messages.put(None)
        try:
            self.process.wait(CLOSING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for thread in self._threads:
            thread.join(CLOSING_S)

    def _send(self, stream: BinaryIO) -> None:
        """Thread: hand over what was added."""
        try:
            with stream:
                while (message := self._messages.get()) is not None:
                    pickle.dump(message, stream)
                    stream.flush()
        except OSError:  # the process is gone, and _receive says why
            pass

    def _receive(self, stream: BinaryIO) -> None:
        """Thread: open what comes back, and put it in place."""
        try:
            with stream:
                while True:
                    answer = pickle.load(stream)
                    if isinstance(answer, str):
                        self.problem = answer
                    else:
                        self.estimator.swap(self._original.refitted(read_model(answer, "adapting a network")))
        except (EOFError, pickle.UnpicklingError):
            if not self._is_closing:
                self.problem = self.problem or "the process that trained the network ended"
        except MonofuseError as error:
            self.problem = str(error)
