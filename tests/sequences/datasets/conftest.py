"""Samples of every recorded dataset, for all tests here."""

import shutil

import pytest

from tests.helpers import lzfse_blocks
from tests.helpers.dataset_samples import SAMPLE_FRAMES, WRITERS
from tests.helpers.studio import Studio


@pytest.fixture(scope="session")
def studio(room):
    return Studio(room, SAMPLE_FRAMES)


@pytest.fixture(scope="session")
def samples(studio, tmp_path_factory):
    """name -> Sample, written where it is first asked for. Not to be changed."""
    written = {}

    def sample(name):
        if name not in written:
            written[name] = WRITERS[name][1](tmp_path_factory.mktemp(name) / name, studio)
        return written[name]

    return sample


@pytest.fixture
def copied(samples, tmp_path):
    """name -> Sample that may be damaged."""
    def copy(name):
        sample = samples(name)
        levels = {"kitti": 2, "replica": 1}.get(name, 0)
        root = sample.source.parents[levels]
        copy = shutil.copytree(root, tmp_path / name)
        return sample._replace(source=copy / sample.source.relative_to(root))

    return copy


@pytest.fixture(autouse=True)
def lzfse(monkeypatch):
    lzfse_blocks.stand_in(monkeypatch.setitem)
