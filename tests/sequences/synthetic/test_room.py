"""Rooms: the same seed gives the same bytes, another seed another room."""

import numpy as np
import pytest

from sequences.synthetic.hand_held import hand_held_walk
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.renderer import Renderer
from sequences.synthetic.rendering.sensor import developed
from sequences.synthetic.room import assembled, build_room, faces
from sequences.synthetic.room_cache import cached_room
from sequences.synthetic.sequence import pinhole
from sequences.synthetic.shapes.light import Light


def bare_room(seed):
    """A small room without furniture, which takes a moment."""
    kit, rng, size_m = Kit(seed), np.random.default_rng(seed), (2.4, 2.1, 2.0)
    lamp = Light.lamp((1.0, 0.8, 1.5), 0.1, (3.0, 3.0, 2.5))
    return assembled(size_m, faces(kit, rng, *size_m), kit.textures, [lamp], rng)


def test_the_same_seed_gives_the_same_bare_room_and_another_one_another():
    one, again, other = bare_room(7), bare_room(7), bare_room(8)
    for part in ("look", "shell", "bvh"):
        assert all(np.array_equal(a, b) for a, b in zip(getattr(one, part), getattr(again, part)))
    assert not all(np.array_equal(a, b) for a, b in zip(one.look, other.look))


@pytest.mark.heavy
def test_the_same_options_give_the_same_bytes(room):
    again = build_room(7)
    assert all(np.array_equal(a, b) for a, b in zip(room.look, again.look))
    T = hand_held_walk(room, 30, 30.0, 7)
    assert np.array_equal(T, hand_held_walk(again, 30, 30.0, 7))
    one, other = (Renderer(r, pinhole(160, 120, 65)).render(T[10]) for r in (room, again))
    assert np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])


@pytest.mark.heavy
def test_another_seed_is_another_room(room):
    other = cached_room(8)
    assert other.size_m != room.size_m
    assert len(other.shell.triangles) != len(room.shell.triangles)
    pictures = [developed(Renderer(r, pinhole(160, 120, 65)).render(hand_held_walk(r, 1, 30.0, 7)[0])[0]).astype(float)
                for r in (room, other)]
    assert np.abs(pictures[0] - pictures[1]).mean() > 15
