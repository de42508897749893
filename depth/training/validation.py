"""Validation of a network during its training, measured like a finished one."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera
from depth.data.sample import DepthDataset
from depth.estimator import DepthPrediction
from depth.evaluation.evaluate import Evaluation, evaluated, evenly
from depth.evaluation.protocol import protocol_named
from depth.runtimes.network_spec import NetworkSpec
from depth.runtimes.torch_runtime import TorchDepth
from depth.training.stage import Stage


class LenientDepth(TorchDepth):
    """A network that may still predict nothing usable, which must not end its training: all depths are then 0."""

    def predict(self, rgb: np.ndarray, camera: Camera) -> DepthPrediction:
        """Depth in metres for this camera, or 0 everywhere."""
        try:
            return super().predict(rgb, camera)
        except NetworkError:
            return DepthPrediction(np.zeros(self.size, np.float32), None, 0.0)


def validated(stage: Stage, datasets: Sequence[DepthDataset], spec: NetworkSpec, images: int | None) -> dict[str, Any]:
    """Summary of a stage's errors over `images` evenly chosen images of the datasets, or over all if None."""
    stage.module.eval()
    estimator = LenientDepth(stage.module, replace(spec, output=stage.entry.predicts), stage.entry.name)
    evaluation = Evaluation()
    total = sum(map(len, datasets))
    for dataset in datasets:
        wanted = None if images is None else max(1, round(images * len(dataset) / total))
        indices = evenly(len(dataset), wanted)
        deque(evaluated(estimator, dataset, protocol_named(dataset.protocol), indices, evaluation), maxlen=0)
    return evaluation.summary()
