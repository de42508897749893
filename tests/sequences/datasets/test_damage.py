"""Unreadable images and depth maps of every dataset."""

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.damage import damage, outcome_of
from tests.helpers.dataset_samples import IN_FILES, WITH_DEPTH, WRITERS
from tests.helpers.opening import opened, refusal
from tests.helpers.tiny_recordings import truncate


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("name", IN_FILES)
def test_unreadable_images_are_skipped_and_counted(copied, name):
    sequence = opened(copied(name))
    for row, spoil in ((1, truncate), (2, Path.unlink), (3, empty)):
        spoil(sequence.shots[row].image)
    assert [frame.index for frame in sequence] == [0, 4] and len(sequence.skipped) == 3
    assert all(shot.image.name in reason for shot, reason in zip(sequence.shots[1:4], sequence.skipped.reasons))


@pytest.mark.parametrize("name", [name for name in IN_FILES if name in WITH_DEPTH])
def test_unreadable_depth_is_counted_and_its_image_used(copied, name):
    sequence = opened(copied(name))
    for row, spoil in ((1, truncate), (3, empty)):
        spoil(sequence.shots[row].depth)
    assert [frame.sensor_depth is not None for frame in sequence] == [True, False, True, False, True]
    assert [sequence.shots[row].depth.name in reason
            for row, reason in zip((1, 3), sequence.skipped.reasons, strict=True)] == [True, True]


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
    for _ in range(3):
        path, whole = damage(sample.source if sample.source.is_dir() else sample.source.parent, rng)
        assert outcome_of(sample) in ("refused", "skipped", "unnoticed")
        path.write_bytes(whole)
