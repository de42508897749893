"""Rooms: the same seed gives the same bytes, another seed another room."""

import numpy as np

from sequences.synthetic.hand_held import hand_held_walk
from sequences.synthetic.renderer import Renderer
from sequences.synthetic.rendering.sensor import developed
from sequences.synthetic.room import build_room
from sequences.synthetic.room_cache import cached_room
from sequences.synthetic.sequence import pinhole


def test_the_same_options_give_the_same_bytes(room):
    again = build_room(7)
    assert all(np.array_equal(a, b) for a, b in zip(room.look, again.look))
    T = hand_held_walk(room, 30, 30.0, 7)
    assert np.array_equal(T, hand_held_walk(again, 30, 30.0, 7))
    one, other = (Renderer(r, pinhole(160, 120, 65)).render(T[10]) for r in (room, again))
    assert np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])


def test_another_seed_is_another_room(room):
    other = cached_room(8)
    assert other.size_m != room.size_m
    assert len(other.shell.triangles) != len(room.shell.triangles)
    pictures = [developed(Renderer(r, pinhole(160, 120, 65)).render(hand_held_walk(r, 1, 30.0, 7)[0])[0]).astype(float)
                for r in (room, other)]
    assert np.abs(pictures[0] - pictures[1]).mean() > 15
