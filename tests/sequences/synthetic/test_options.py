"""The seed of the synthetic source: the location's own goes before the command line's."""

import pytest

from calib.base.errors import SourceError
from sequences.sequence import SourceOptions
from sequences.synthetic import sequence as synthetic
from sequences.synthetic.options import SyntheticOptions, parse_synthetic
from sequences.synthetic.sequence import SyntheticSequence


@pytest.mark.parametrize("text, seed", [("", 7), ("synthetic", 7), ("synthetic:", 7), ("frames=20", 7), ("3", 3),
                                        ("synthetic:0", 0), ("frames=20,seed=5", 5)])
def test_a_seed_in_the_location_goes_first(text, seed):
    assert parse_synthetic(text, seed=7).seed == seed


def test_without_any_seed_it_is_room_0():
    assert parse_synthetic("") == SyntheticOptions(seed=0)


@pytest.mark.parametrize("seed", [-1, 2**31 + 1])
def test_seeds_have_bounds(seed):
    with pytest.raises(SourceError, match="seed goes from 0"):
        parse_synthetic("", seed)


@pytest.mark.parametrize("location, seed", [("", 7), ("size=64x48", 7), ("2,size=64x48", 2)])
def test_the_sequence_builds_that_room(monkeypatch, location, seed):
    class Built(Exception):
        pass

    def build_room(seed):
        raise Built(seed)

    monkeypatch.setattr(synthetic, "build_room", build_room)
    with pytest.raises(Built) as caught:
        SyntheticSequence(location, SourceOptions(seed=7))
    assert caught.value.args == (seed,)
