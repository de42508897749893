"""benchmarks/stages.py: copies of a map fill a larger one, and what is timed is fusing into it."""

import pytest

from benchmarks import stages
from tests.helpers import scenes


def test_filling_ends_with_timed_fusion_into_a_large_map(monkeypatch):
    frames = [scenes.frame(index, T_world_cam) for index, T_world_cam in enumerate(scenes.walk(4))]
    small = stages.run(scenes.CAMERA, frames)
    monkeypatch.setattr(stages, "MAP_SIZE", int(2.5 * len(small.surfels)))
    big = stages.fill(small, scenes.CAMERA, frames)
    assert len(big.keyframes) == 3 and len(big.surfels) == pytest.approx(3 * len(small.surfels), rel=0.05)
    assert len(big.stage_times.ms["render"]) == len(big.stage_times.ms["fuse"]) == len(frames)
