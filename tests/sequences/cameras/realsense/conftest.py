"""What the tests of RealSense cameras share: a recording of one in software."""

import pytest

from tests.helpers.realsense_recording import walls, write_db3


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    monkeypatch.setattr("sequences.cameras.realsense.player.TIMEOUT_MS", 300)


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """A walk of 8 frames. Not to be changed."""
    return write_db3(tmp_path_factory.mktemp("realsense") / "walk.db3", walls(8))
