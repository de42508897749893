"""Options of the synthetic source: read, checked, and a seed in the location goes before the command line's."""

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

    monkeypatch.setattr(synthetic, "cached_room", build_room)
    with pytest.raises(Built) as caught:
        SyntheticSequence(location, SourceOptions(seed=7))
    assert caught.value.args == (seed,)


def test_options_are_read():
    assert parse_synthetic("synthetic") == parse_synthetic("") == SyntheticOptions()
    assert parse_synthetic("synthetic:12").seed == 12
    read = parse_synthetic("synthetic:seed=3, frames=600,size=640x480,noise=0.01,exposure=0.3,blur=0.5,loop=0,"
                           "samples=3")
    assert read == SyntheticOptions(seed=3, frames=600, size=(640, 480), noise=0.01, exposure=0.3, blur=0.5, loop=False,
                                    samples=3)
    assert parse_synthetic("5,fov=80") == SyntheticOptions(seed=5, fov=80.0)


@pytest.mark.parametrize("text, says", [
    ("synthetic:colour=3", "no option 'colour'"),
    ("synthetic:frames=many", "frames takes a number, not 'many'"),
    ("synthetic:frames=0", "frames goes from 1"),
    ("synthetic:size=640", "WIDTHxHEIGHT"),
    ("synthetic:size=4x3", "16x16"),
    ("synthetic:blur=2", "blur goes from 0 to 1"),
    ("synthetic:samples=2", "1, 3 or 5"),
    ("synthetic:loop=yes", "0 or 1"),
    ("synthetic:1,seed=2", "twice"),
    ("synthetic:noise=nan", "noise goes from"),
    ("synthetic:one", "seed takes a number")])
def test_bad_options_say_so_in_one_line(text, says):
    with pytest.raises(SourceError) as caught:
        SyntheticSequence(text, SourceOptions())
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
