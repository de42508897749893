"""Validation of a network during its training, measured like a finished one."""

from collections import deque
from dataclasses import replace

import numpy as np

from calib.base.errors import NetworkError
from depth.estimator import DepthPrediction
from depth.evaluation.evaluate import Evaluation, evaluated, evenly
from depth.evaluation.protocol import protocol_named
from depth.runtimes.torch_runtime import TorchDepth


class LenientDepth(TorchDepth):
    """A network that may still predict nothing usable, which must not end its training: all depths are then 0."""

    def predict(self, rgb, camera):
        """Depth in metres for this camera, or 0 everywhere."""
        try:
            return super().predict(rgb, camera)
        except NetworkError:
            return DepthPrediction(np.zeros(self.spec.size, np.float32), None, 0.0)


def validated(stage, datasets, spec, images):
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
