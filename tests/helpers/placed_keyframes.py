"""Keyframes of which only the places are known."""

import numpy as np

from slam.mapping.keyframes import KeyframeConfig, Keyframes


def placed(T_world_key):
    """Poses (K, 4, 4) -> Keyframes of one submap, of scale 1."""
    keyframes = Keyframes(KeyframeConfig())
    keyframes.T_world_key, keyframes.scale = np.array(T_world_key), np.ones(len(T_world_key))
    keyframes.submap = np.zeros(len(T_world_key), np.int64)
    return keyframes
