"""benchmarks/fuzz.py: some cases of what is quick to read, in this process; what it does to files, and puts back."""

import numpy as np
import pytest

from tests.helpers.fuzz_formats import FORMATS
from tests.helpers.hostile_files import Kept, change

QUICK = {"texts": 12, "calibrations": 12, "image_files": 12, "colmap": 8, "transforms": 8, "polycam": 8, "tum": 8}
"""Formats, and how many cases of each."""


@pytest.mark.parametrize("name", QUICK)
def test_hostile_files_are_refused_skipped_or_read(name, tmp_path):
    form = FORMATS[name]
    sample, rng = form.write(tmp_path / name, None), np.random.default_rng(len(name))
    kept, outcomes = Kept(tmp_path), set()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for _ in range(QUICK[name]):
        changed, _ = change(kept, rng)
        outcomes.add(form.read(sample, changed))
        kept.put_back()
    assert outcomes <= {"refused", "skipped", "read", "unnoticed"} and "refused" in outcomes
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_same_seed_is_the_same_case(tmp_path):
    FORMATS["texts"].write(tmp_path / "texts", None)
    kept, found = Kept(tmp_path), []
    for seed in (3, 3, 4):
        changed, how = change(kept, np.random.default_rng(seed), only_content=True)
        found.append((changed, how, changed.read_bytes()))
        kept.put_back()
    assert found[0] == found[1] != found[2]
