"""What cameras leave and send, damaged at random; benchmarks/fuzz.py tries hundreds of each, and those of datasets."""

import numpy as np
import pytest

from tests.helpers.camera_samples import WRITERS, sent
from tests.helpers.damage import damage, outcome_of
from tests.helpers.studio import Studio

FRAMES, VARIANTS = 24, 3
NEEDS = {"h264": "av", "db3": "pyrealsense2"}


@pytest.fixture(scope="module")
def studio(room):
    return Studio(room, FRAMES)


@pytest.mark.parametrize("name", WRITERS)
def test_random_damage_is_an_error_or_a_skipped_frame(name, studio, tmp_path, monkeypatch):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    monkeypatch.setattr("sequences.cameras.realsense.player.TIMEOUT_MS", 300)
    sample, outcomes = WRITERS[name](tmp_path / "recording" / name, studio), []
    with sent(sample) as sample:
        assert outcome_of(sample) == "unnoticed", "before any damage"
        for seed in range(VARIANTS):
            path, whole = damage(tmp_path / "recording", np.random.default_rng(seed))
            outcomes.append(outcome_of(sample))
            path.write_bytes(whole)
    assert "refused" in outcomes
