"""slam.mapping.awaited_keyframe: where an image is by the time that its depth arrives."""

from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calib.base.errors import NetworkError
from calib.geometry import se3
from slam.config import SlamConfig
from slam.mapping.awaited_keyframe import AwaitedKeyframe, DepthRequests
from slam.tracking.image import prepared
from tests.helpers import scenes

T_CAM_KEY = se3.exp(np.array([0.1, 0.02, -0.05, 0.01, 0.03, 0]))


@pytest.fixture
def keyframes():
    return SimpleNamespace(reference=SimpleNamespace(row=1), scale=np.array([1.0, 2.0]),
                           T_world_key=np.array([np.eye(4), se3.exp(np.array([1.0, 0, 0, 0, 0.2, 0]))]))


def awaited(keyframes, depth):
    frame = scenes.frame(0, np.eye(4))
    image = prepared(replace(frame, depth=None), scenes.CAMERA, SlamConfig.for_network())
    tracked: Any = SimpleNamespace(T_cam_key=T_CAM_KEY)
    return AwaitedKeyframe(image, frame.rgb, tracked, keyframes, depth)


def test_it_moves_and_grows_with_its_reference(keyframes):
    waiting = awaited(keyframes, Future())
    assert np.array_equal(waiting.T_world_cam(keyframes), keyframes.T_world_key[1] @ se3.inverse(T_CAM_KEY))
    keyframes.T_world_key[1] = se3.exp(np.array([0, 3.0, 0, 0.5, 0, 0]))
    keyframes.scale[1] *= 1.5
    T_key_cam = se3.inverse(keyframes.T_world_key[1]) @ waiting.T_world_cam(keyframes)
    assert np.allclose(T_key_cam[:3, 3], 1.5 * se3.inverse(T_CAM_KEY)[:3, 3])
    assert np.allclose(T_key_cam[:3, :3], T_CAM_KEY[:3, :3].T)


def test_its_depth_comes_later_or_not_at_all(keyframes):
    future = Future()
    waiting = awaited(keyframes, future)
    assert not waiting.has_arrived
    future.set_result(scenes.frame(0, np.eye(4)).depth)
    assert waiting.has_arrived
    assert np.allclose(1 / waiting.image().inverse_depth, scenes.cast(np.eye(4))[0], rtol=1e-3)
    nothing, failed = Future(), Future()
    nothing.set_result(None)
    assert not awaited(keyframes, nothing).image().inverse_depth.any()
    failed.set_exception(NetworkError("broken"))
    with pytest.raises(NetworkError):
        awaited(keyframes, failed).image()


def test_it_is_not_wanted_where_the_camera_was_relocalised_elsewhere(keyframes):
    waiting = awaited(keyframes, Future())
    assert waiting.is_wanted(keyframes)
    keyframes.reference.row = 0
    assert not waiting.is_wanted(keyframes)


def test_one_is_asked_for_at_a_time(keyframes):
    future, tracked = Future(), SimpleNamespace(T_cam_key=T_CAM_KEY)
    asked = [SimpleNamespace(depth_on_request=answer) for answer in (None, lambda: future, lambda: Future())]
    requests = DepthRequests()
    assert [requests.ask(frame, None, tracked, keyframes) for frame in asked] == [False, True, False]
    assert requests.arrived(keyframes) is None
    future.set_result(None)
    awaited = requests.arrived(keyframes)
    assert awaited is not None and awaited.frame is asked[1] and requests.arrived(keyframes) is None
    assert requests.ask(asked[1], None, tracked, keyframes)
    keyframes.reference.row = 0
    assert requests.arrived(keyframes) is None
    assert requests.ask(asked[1], None, tracked, keyframes)
    requests.forget()
    assert requests.arrived(keyframes) is None
