"""Unreadable images and depth maps of every dataset."""

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.damage import damage, outcome_of
from tests.helpers.dataset_samples import IN_FILES, WITH_DEPTH, WRITERS
from tests.helpers.opening import opened, refusal
from tests.helpers.tiny_recordings import truncate


@pytest.mark.parametrize("name", IN_FILES)
@pytest.mark.parametrize("damage", [truncate, Path.unlink, lambda path: path.write_bytes(b"")])
def test_unreadable_images_are_skipped_and_counted(copied, name, damage):
    sample = copied(name)
    sequence = opened(sample)
    damage(sequence.shots[2].image)
    frames = list(sequence)
    assert [frame.index for frame in frames] == [0, 1, 3, 4] and len(sequence.skipped) == 1
    assert sequence.shots[2].image.name in sequence.skipped.reasons[0]


@pytest.mark.parametrize("name", [name for name in IN_FILES if name in WITH_DEPTH])
@pytest.mark.parametrize("damage", [truncate, lambda path: path.write_bytes(b"")])
def test_unreadable_depth_is_counted_and_its_image_used(copied, name, damage):
    sequence = opened(copied(name))
    damage(sequence.shots[3].depth)
    assert [frame.sensor_depth is not None for frame in sequence] == [True, True, True, False, True]
    assert len(sequence.skipped) == 1 and sequence.shots[3].depth.name in sequence.skipped.reasons[0]


@pytest.mark.parametrize("name", [name for name in IN_FILES if name in WITH_DEPTH])
def test_useless_depth_is_refused_before_the_run(copied, name):
    sample = copied(name)
    for shot in opened(sample).shots:
        shot.depth.write_bytes(b"")
    assert "none of its 5 images can be read" in refusal(sample.source, depth_every=1)


@pytest.mark.parametrize("name", WRITERS)
def test_random_damage_is_an_error_or_a_skipped_frame(copied, name):
    """benchmarks/fuzz.py tries hundreds."""
    sample, rng = copied(name), np.random.default_rng(sorted(WRITERS).index(name))
    for _ in range(6):
        path, whole = damage(sample.source if sample.source.is_dir() else sample.source.parent, rng)
        assert outcome_of(sample) in ("refused", "skipped", "unnoticed")
        path.write_bytes(whole)
