"""The network of a run learns while the run goes on, from the keyframes as their depth becomes final."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from calib.base.errors import BadInputError
from depth.adaptation.live import LiveAdapter
from depth.adaptation.target import Target
from monofuse.depth_stage import NetworkDepth, SensorDepth
from monofuse.interface.screen import Screen
from slam.keyframe_depth.predicted_depth import PredictedDepth
from slam.keyframe_depth.stereo import StereoDepth
from slam.system import SlamSystem


@contextmanager
def live_learning(depth: SensorDepth | NetworkDepth, slam: SlamSystem, screen: Screen) -> Iterator[None]:
    """A `with` block within which the network of `depth` learns; it then keeps what it has learnt.

    Raises BadInputError and its children where this network, or any, cannot.
    """
    if not isinstance(depth, NetworkDepth) or not isinstance(slam.depth, PredictedDepth):
        raise BadInputError("--adapt live is for networks whose depth SLAM refines: give --depth NAME|FILE")
    live = LiveAdapter(depth.estimator)

    def learn(rgb: np.ndarray, stereo: StereoDepth) -> None:
        live.add(Target(rgb, slam.camera, stereo.inverse_depth, stereo.log_std))

    depth.estimator, slam.depth.told = live.estimator, learn
    try:
        yield
    finally:
        slam.depth.told = None
        live.close()
        depth.estimator = live.estimator.current
        screen.print(f"adapt      {live.problem or f'the network was swapped {live.estimator.swaps} times'}")
