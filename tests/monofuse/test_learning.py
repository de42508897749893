"""monofuse.learning, second_pass, judge: a network that learns, what is undone, and which pass is kept."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from monofuse import learning as stage
from monofuse.judge import judged
from monofuse.learning import Learning
from monofuse.second_pass import growth
from slam.config import SlamConfig
from slam.mapping.surfels import SurfelConfig
from slam.system import SlamSystem
from tests.helpers import scenes

CONFIG = replace(SlamConfig.for_network(), surfels=SurfelConfig(max_surfels=200_000))


class Unlearning:
    """Stands in for Adapter: its network says nothing, and it counts what it is asked for."""

    def __init__(self):
        self.config, self.asked, self.now = None, 0, "learnt"

    def steps(self, targets):
        self.asked += len(targets)
        yield 1.0

    def weights(self):
        return "original"

    def restore(self, weights):
        self.now = weights

    def estimator(self):
        return None


@pytest.fixture(scope="module")
def system():
    slam = SlamSystem(scenes.CAMERA, CONFIG)
    for i, T in enumerate(scenes.walk(40, (0.02, -0.004, 0.014, 0.002, 0.006, -0.001))):
        slam.process(scenes.speckled_frame(i, T, scenes.CAMERA, 1.0))
    slam.finish()
    list(slam.adjust_all())
    list(slam.estimate_depth())
    return slam


@pytest.fixture
def unlearning(monkeypatch):
    """-> function of what the network that has learnt makes of final depth"""
    def made(change):
        def predict_again(slam, estimator):
            final = slam.depth.finisher.final
            slam.depth.finisher.final = SimpleNamespace(views=final.views,
                                                        photometric_cost=lambda: change * final.photometric_cost())
            yield 1.0

        monkeypatch.setattr(stage, "predict_again", predict_again)
        learning = Learning.__new__(Learning)
        learning.adapter, learning.round_count = Unlearning(), 0
        return learning
    return made


@pytest.mark.parametrize("change, is_kept", [(0.9, True), (1.001, True), (1.2, False)])
def test_learning_is_undone_where_images_are_explained_worse(system, unlearning, change, is_kept):
    learning, first = unlearning(change), system.depth.finisher.final
    shares = list(learning.turns(system, 2))
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1) and learning.adapter.asked
    assert (system.depth.finisher.final is not first) == is_kept and learning.round_count == 2 * is_kept
    assert learning.adapter.now == ("learnt" if is_kept else "original")
    system.depth.finisher.final = first


def test_the_pass_that_explains_the_images_better_is_kept(system):
    first = system.depth.finisher.final
    cost = first.photometric_cost()
    assert 0 < cost < 1

    class Other(SlamSystem):
        def __init__(self, change, count):
            self.map, self.depth = system.map, object.__new__(type(system.depth))
            self.depth.finisher = SimpleNamespace(photometric_cost=lambda: change * cost)
            self.count = count

        def trajectory(self, submap=None):
            times_s, T = system.trajectory()
            return times_s[:self.count], T[:self.count]
    assert judged(system, Other(0.99, 40)).is_second and not judged(system, Other(1.01, 40)).is_second
    assert not judged(system, Other(0.5, 20)).is_second, "half of the frames were lost"


def test_a_second_pass_is_made_as_large_as_the_first(system):
    times_s, T = system.trajectory()
    larger = T.copy()
    larger[:, :3, 3] *= 1.7
    other = SimpleNamespace(trajectory=lambda: (times_s, larger))
    assert growth(system, other) == pytest.approx(1.7, rel=1e-6)
    assert growth(system, SimpleNamespace(trajectory=lambda: (times_s + 100, larger))) == 1.0
    still = SimpleNamespace(trajectory=lambda: (times_s, np.tile(np.eye(4), (len(T), 1, 1))))
    assert growth(system, still) == 1.0
