"""Back where the map has keyframes enough, older ones serve again, unless the map is not consistent there."""

from dataclasses import replace

import numpy as np
import pytest

from calib.geometry import se3
from slam.config import SlamConfig
from slam.mapping.keyframes import KeyframeConfig
from slam.mapping.surfels import SurfelConfig
from slam.system import SlamSystem
from slam.tracking.known_views import KnownViewConfig
from tests.helpers import scenes

WALK = scenes.walk(40)[::2]
THERE_AND_BACK = [*WALK, *WALK[::-1], *WALK]
CONFIG = replace(SlamConfig.for_sensor(), surfels=SurfelConfig(max_surfels=200_000),
                 keyframes=KeyframeConfig(max_baseline=0.02), known_views=KnownViewConfig(min_gap=3))


@pytest.fixture(scope="module")
def frames():
    return [scenes.frame(i, T) for i, T in enumerate(THERE_AND_BACK)]


def keyframes_after(frames, config):
    slam = SlamSystem(scenes.CAMERA, config)
    counts = []
    for frame in frames:
        assert slam.process(frame).T_world_cam is not None
        counts.append(len(slam.keyframes))
    return slam, counts


def test_going_to_and_fro_needs_no_more_keyframes_than_going_there(frames):
    slam, counts = keyframes_after(frames, CONFIG)
    there, in_the_end = counts[len(WALK) - 1], counts[-1]
    assert in_the_end <= there + 2
    _, T_world_cam = slam.trajectory()
    error_m = np.linalg.norm(T_world_cam[:, :3, 3] - np.array(THERE_AND_BACK)[:, :3, 3], axis=1)
    assert error_m.max() < 0.01
    _, without = keyframes_after(frames, replace(CONFIG, known_views=KnownViewConfig(min_gap=1000)))
    assert without[-1] > 3 * there


def test_where_the_map_is_not_consistent_a_new_keyframe_is_made(frames):
    """The camera comes back to keyframes that the map has a hand's breadth off: loops have to find that first."""
    slam, _ = keyframes_after(frames[:len(WALK)], CONFIG)
    S_world_key = slam.keyframes.S_world_key()
    S_world_key[:-1, :3, 3] += [0.0, 0.1, 0.0]
    slam.move_map(S_world_key)
    slam.loops.verification.waiting.clear()
    before = len(slam.keyframes)
    while len(slam.keyframes) == before and frames[len(WALK):]:
        slam.process(frames[len(WALK)])
        frames = frames[1:]
    assert len(slam.keyframes) == before + 1


def test_a_view_is_confirmed_only_near_where_the_map_has_it():
    class Result:
        converged, correlation, T_cam_key = True, 0.9, se3.exp(np.array([0.02, 0, 0, 0, 0, 0]))

    config = KnownViewConfig(max_correction=0.015)
    assert config.confirms(Result, np.eye(4), median_depth_m=2.0)
    assert not config.confirms(Result, np.eye(4), median_depth_m=1.0)
    Result.correlation = 0.7
    assert not config.confirms(Result, np.eye(4), median_depth_m=2.0)
