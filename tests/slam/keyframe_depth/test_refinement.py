"""slam.keyframe_depth.refinement: what a network says in a map that has its scale already."""

import numpy as np

from slam.keyframe_depth.refinement import RefinementConfig, Refiner
from slam.mapping.keyframes import KeyframeConfig, Keyframes
from slam.scale.known_scale import ScaleConfig
from slam.scale.map_scale import MapScale
from tests.helpers import scenes


def test_the_depth_of_new_keyframes_comes_to_the_scale_of_a_saved_map():
    """Three keyframes of the map, which is twice as large as the network says; three new ones in it, one elsewhere."""
    keyframes = Keyframes(KeyframeConfig())
    refiner = Refiner(scenes.CAMERA, RefinementConfig(), keyframes.memory)
    keyframes.scale, keyframes.submap = np.ones(7), np.array([0, 0, 0, 0, 0, 0, 1])
    keyframes.anchored_count = 3
    for row in range(7):
        refiner.log_ratio[row] = 0.0 if row < 3 else float(np.log(2) + 0.1 * (row - 4))
        refiner.network_depth[row] = np.full((4, 4), 0.5, np.float16)
    keyframes.T_world_key = np.tile(np.eye(4), (7, 1, 1))
    MapScale(ScaleConfig()).by_network(keyframes, refiner)
    assert np.allclose([refiner.log_ratio[row] for row in range(6)], [0, 0, 0, -0.1, 0, 0.1])
    assert [float(refiner.network_depth[row][0, 0]) for row in range(7)] == [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.5]
    assert np.isclose(refiner.log_ratio[6], np.log(2) + 0.2), "a part that is not joined yet has its own scale"
