"""What several of the tests of the synthetic source share."""

import pytest

from sequences.sequence import SourceOptions
from sequences.synthetic import sequence as synthetic
from sequences.synthetic.sequence import SyntheticSequence


@pytest.fixture
def opened(room, monkeypatch):
    """Opens sequences in the room of the fixture, so that it is built once."""
    monkeypatch.setattr(synthetic, "cached_room", lambda seed: room)
    return lambda text, **options: SyntheticSequence(text, SourceOptions(**options))
