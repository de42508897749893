"""How good a network is in the middle of its training, measured like a finished one."""

from collections import deque
from dataclasses import replace

import numpy as np

from calib.base.errors import NetworkError
from depth.estimator import DepthPrediction
from depth.evaluation.evaluate import Evaluation, evaluated, evenly
from depth.evaluation.protocol import protocol_named
from depth.runtimes.torch_runtime import TorchDepth


class BeginnersDepth(TorchDepth):
    """A network that may still predict nothing usable, which must not end its training."""

    def predict(self, rgb, camera):
        try:
            return super().predict(rgb, camera)
        except NetworkError:
            return DepthPrediction(np.zeros(self.spec.size, np.float32), None, 0.0)


def validated(stage, datasets, spec, images):
    """Stage, DepthDatasets and a NetworkSpec -> summary over `images` images, evenly chosen, or over all if None."""
    stage.module.eval()
    estimator = BeginnersDepth(stage.module, replace(spec, output=stage.entry.predicts), stage.entry.name)
    evaluation = Evaluation()
    total = sum(map(len, datasets))
    for dataset in datasets:
        wanted = None if images is None else max(1, round(images * len(dataset) / total))
        indices = evenly(len(dataset), wanted)
        deque(evaluated(estimator, dataset, protocol_named(dataset.protocol), indices, evaluation), maxlen=0)
    return evaluation.summary()
