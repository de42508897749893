"""Walks: rigid, smooth, closed, clear of all surfaces."""

from itertools import pairwise

import numpy as np
import pytest

from calib.geometry.se3 import inverse, rotation_angle_rad
from sequences.synthetic.hand_held import hand_held_walk
from sequences.synthetic.rendering.bvh import cast


@pytest.mark.parametrize("frames, loop", [(60, True), (300, True), (300, False),
                                          pytest.param(1500, True, marks=pytest.mark.heavy)])
def test_walks_are_rigid_and_as_smooth_as_a_hand(room, frames, loop):
    T = hand_held_walk(room, frames, 30.0, 7, loop)
    assert T.shape == (frames, 4, 4)
    assert np.allclose(T[:, :3, :3] @ T[:, :3, :3].swapaxes(1, 2), np.eye(3), atol=1e-9)
    assert np.allclose(np.linalg.det(T[:, :3, :3]), 1)
    velocity = np.diff(T[:, :3, 3], axis=0) * 30
    turns = np.degrees([rotation_angle_rad(inverse(a) @ b) for a, b in pairwise(T)]) * 30
    assert 0.25 < np.linalg.norm(velocity, axis=1).mean() < 0.65
    assert np.linalg.norm(velocity, axis=1).max() < 0.9
    assert turns.max() < 45
    jerk = np.diff(velocity, n=2, axis=0) * 30**2
    assert np.sqrt((jerk**2).sum(1).mean()) < 30
    assert np.ptp(T[:, 2, 3]) < 0.5 and np.all((T[:, 2, 3] > 1.15) & (T[:, 2, 3] < 1.75))


@pytest.mark.parametrize("frames", [300, pytest.param(900, marks=pytest.mark.heavy)])
def test_walks_end_where_they_start(room, frames):
    T = hand_held_walk(room, frames, 30.0, 3)
    closing = inverse(T[-1]) @ T[0]
    assert np.linalg.norm(closing[:3, 3]) < 0.05 and np.degrees(rotation_angle_rad(closing)) < 3
    turned = np.degrees([rotation_angle_rad(inverse(T[0]) @ T_k) for T_k in T])
    assert turned.max() > 25


@pytest.mark.parametrize("seed", [7, 8])
def test_walks_stay_clear_of_all_surfaces(room, seed):
    places = hand_held_walk(room, 300, 30.0, seed)[::20, :3, 3]
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(len(places) * 1500, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distance, hit = cast(room.bvh, np.repeat(places, 1500, 0), directions)
    assert (hit >= 0).all(), "the room is closed"
    assert distance.min() > 0.5
