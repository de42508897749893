"""slam.scale.network_scale: the median of the votes, and how far the metres may be off."""

import math

import pytest

from slam.scale.known_scale import ScaleConfig
from slam.scale.map_scale import MapScale
from slam.scale.network_scale import NetworkScaleConfig, Vote, network_scale

CONFIG = NetworkScaleConfig()
ROOM = Vote(0.0, 2.5, 1.0)
"""What a keyframe of a room says, like those that the network was trained on."""


def log_std(*votes):
    return network_scale(votes, CONFIG).log_std


def test_the_median_decides():
    votes = [ROOM._replace(log_ratio=math.log(ratio)) for ratio in (0.5, 0.5, 0.5, 3.0, 0.01)]
    assert network_scale(votes, CONFIG).growth == pytest.approx(2.0)


def test_a_network_that_agrees_with_geometry_in_a_room_is_sure():
    scale = network_scale([ROOM] * 5, CONFIG)
    assert scale.log_std == pytest.approx(0.1) and "scenes like this" in scale.weakness


def test_it_is_less_sure_the_less_the_shapes_agree():
    half, none = (network_scale([ROOM._replace(agreement=agreement)] * 5, CONFIG) for agreement in (0.5, -0.3))
    assert half.log_std == pytest.approx(math.hypot(0.1, 0.5)) and none.log_std == pytest.approx(math.hypot(0.1, 1))
    assert "another shape" in half.weakness


def test_it_is_less_sure_of_what_it_takes_for_close():
    close = network_scale([ROOM._replace(median_depth_m=1.0)] * 5, CONFIG)
    assert close.log_std == pytest.approx(math.hypot(0.1, 0.9 * math.log(2))) and "this close" in close.weakness
    assert log_std(*[ROOM._replace(median_depth_m=30.0)] * 5) == log_std(*[ROOM] * 5)


def test_what_could_not_be_refined_says_nothing():
    unknown = ROOM._replace(agreement=None)
    assert log_std(*[unknown] * 5) == pytest.approx(math.hypot(0.1, 0.5))
    assert log_std(unknown, unknown, ROOM, ROOM, ROOM) == pytest.approx(0.1)


def test_too_few_leave_the_map_as_it_is():
    scale = network_scale([ROOM._replace(log_ratio=1.0)] * 3, CONFIG)
    assert scale.growth == 1 and scale.log_std > CONFIG.doubtful_log_std and "too few" in scale.weakness
    assert network_scale([], CONFIG) == scale


def test_an_adapted_network_is_as_sure_as_the_map_that_it_learnt():
    first, second = MapScale(ScaleConfig()), MapScale(ScaleConfig(factor=2.0))
    first._note(0, 0.8, 0.6, "close")
    second.inherit(first.report(0))
    second._note(0, 1.1, 0.1, "little")
    assert second.report(0) == first.report(0) | {"scale_settled_by": 1.1}
    assert first.report(0)["scale_doubtful"] and second.known.estimate(None, None) is None
