"""How good a network is in the middle of its training, measured like a finished one."""

from collections import deque

import numpy as np

from calib.errors import NetworkError
from depth.estimator import DepthPrediction
from depth.evaluation import Evaluation, evaluated, evenly
from depth.network_spec import NetworkSpec
from depth.protocol import protocol_named
from depth.torch_runtime import TorchDepth


class BeginnersDepth(TorchDepth):
    """A network that may still predict nothing usable, which must not end its training."""

    def predict(self, rgb, camera):
        try:
            return super().predict(rgb, camera)
        except NetworkError:
            return DepthPrediction(np.zeros(self.spec.size, np.float32), 0.0)


def validated(stage, datasets, size, focal_px, images):
    """Stage and DepthDatasets -> summary over `images` evenly chosen images of all, or over all of them if None."""
    stage.module.eval()
    spec = NetworkSpec(output=stage.entry.predicts, size=tuple(size), focal_px=(focal_px, focal_px))
    estimator = BeginnersDepth(stage.module, spec, stage.entry.name)
    evaluation = Evaluation()
    total = sum(map(len, datasets))
    for dataset in datasets:
        wanted = None if images is None else max(1, round(images * len(dataset) / total))
        indices = evenly(len(dataset), wanted)
        deque(evaluated(estimator, dataset, protocol_named(dataset.protocol), indices, evaluation), maxlen=0)
    return evaluation.summary()
