"""slam.scale.merged_scale: who decides how large a map of several is."""

import numpy as np
import pytest

from slam.scale.merged_scale import MapSize, weighed


def by_network(log_growth, log_std):
    return MapSize(log_growth, {"scale_from": "network", "scale_log_std": log_std, "scale_times_network": 1.0})


def test_networks_are_weighed_by_how_sure_they_are():
    log_growth, report = weighed([by_network(0.3, 0.2), by_network(0.0, 0.1)])
    assert log_growth == pytest.approx(0.3 / 5) and report["scale_log_std"] == 0.1
    assert report["scale_times_network"] == pytest.approx(np.exp(0.06), abs=1e-4), "of the surest map's network"


@pytest.mark.parametrize("known", [
    {"scale_from": "factor", "scale_log_std": None}, {"scale_from": "measure", "scale_log_std": 0.4},
    {"scale_from": "board", "scale_log_std": 0.2}])
def test_a_known_scale_decides(known):
    log_growth, report = weighed([by_network(0.3, 0.05), MapSize(-0.1, known)])
    assert log_growth == pytest.approx(-0.1) and report["scale_from"] == known["scale_from"]


def test_a_scale_that_nobody_knows_does_not_count():
    nothing = MapSize(2.0, {"scale_from": "nothing", "scale_log_std": None})
    assert weighed([nothing, by_network(0.1, 0.3)])[0] == pytest.approx(0.1)
    assert weighed([nothing, nothing._replace(log_growth=1.0)])[0] == pytest.approx(1.5)
