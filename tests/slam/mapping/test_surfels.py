"""slam.mapping.surfels: rows, chunks, the cap, and what happens when keyframes move."""

import numpy as np

from calib.geometry import se3
from slam.kernels.compile import kernel
from slam.kernels.surfel_arrays import CHUNK, release_row, take_row
from slam.mapping.surfels import SurfelConfig, Surfels


@kernel
def take(chunks, keyframe, count, rows):
    for k in range(count):
        rows[k] = take_row(chunks, keyframe)


CONFIG = SurfelConfig(max_surfels=20_000)


@kernel
def release(surfels, chunks, rows):
    for row in rows:
        release_row(surfels, chunks, row)


def filled(counts, config=CONFIG):
    """Surfels with counts[k] of them belonging to keyframe k, each numbered in `radius`, stable and just seen."""
    surfels = Surfels(config)
    number = 0
    for keyframe, count in enumerate(counts):
        surfels.add_keyframe()
        add(surfels, keyframe, count, number)
        number += count
    return surfels


def add(surfels, keyframe, count, number=0, confidence=10.0):
    rows = np.empty(count, np.int64)
    take(surfels.chunks, keyframe, count, rows)
    surfels.arrays.radius[rows] = np.arange(number, number + count)
    surfels.arrays.position[:, rows] = np.arange(number, number + count)
    surfels.arrays.confidence[rows] = confidence
    return rows


def numbers(surfels):
    return np.sort(surfels.arrays.radius[surfels.select(0)]).astype(int)


def check(surfels):
    """What must hold at any time."""
    chunks, used = surfels.chunks, surfels.used_rows // CHUNK
    live = (surfels.arrays.confidence[: surfels.used_rows] > 0).reshape(-1, CHUNK).sum(1)
    assert np.array_equal(live, chunks.live[:used]) and len(surfels) == live.sum() == len(surfels.select(0))
    free = chunks.free[: chunks.counts[1]]
    assert len(set(free)) == len(free) and np.all(chunks.keyframe[free] == -1) and np.all(chunks.live[free] == 0)
    assert np.sum(chunks.keyframe[:used] == -1) == len(free)


def test_rows_of_a_keyframe_lie_together():
    surfels = filled([300, 10, 700])
    for keyframe, count in enumerate([300, 10, 700]):
        rows = surfels.select(0)
        assert np.sum(surfels.keyframe_of(rows) == keyframe) == count
    check(surfels)


def test_a_keyframe_goes_on_filling_its_chunk_after_another_began():
    surfels = filled([10, 10])
    assert add(surfels, 0, 1)[0] == 10
    check(surfels)


def test_sparse_chunks_are_cleared_and_used_again_and_nothing_is_lost():
    surfels = filled([4 * CHUNK, 4 * CHUNK])
    rng = np.random.default_rng(0)
    gone = rng.choice(8 * CHUNK, 6 * CHUNK, replace=False)
    release(surfels.arrays, surfels.chunks, gone)
    left = numbers(surfels)
    for frame in range(20):
        surfels.sweep(frame, 20)
        check(surfels)
    assert np.array_equal(numbers(surfels), left)
    assert np.array_equal(surfels.arrays.position[0, surfels.select(0)], surfels.arrays.radius[surfels.select(0)])
    used = surfels.used_rows
    add(surfels, 1, 2 * CHUNK)
    assert surfels.used_rows == used
    check(surfels)


def test_the_sweep_drops_old_unstable_surfels_only():
    surfels = filled([0])
    for seen, confidence in ((0, 1.0), (0, 50.0), (90, 1.0)):
        surfels.arrays.seen[add(surfels, 0, 5, confidence=confidence)] = seen
    assert sum(surfels.sweep(frame, 20) for frame in range(80, 100)) == 5
    rows = surfels.select(0)
    assert np.all((surfels.arrays.confidence[rows] == 50) | (surfels.arrays.seen[rows] == 90)) and len(rows) == 10
    check(surfels)


def test_the_cap_takes_unstable_surfels_first_and_then_the_least_certain():
    surfels = filled([0], SurfelConfig(max_surfels=1000))
    old = add(surfels, 0, 100, 0, confidence=1.0)
    fresh = add(surfels, 0, 100, 100, confidence=2.0)
    surfels.arrays.seen[fresh] = 50
    weak, strong = add(surfels, 0, 400, 200, confidence=8.0), add(surfels, 0, 400, 600, confidence=20.0)
    del old, weak, strong
    surfels.make_room(100)
    assert numbers(surfels).min() == 100 and len(surfels) == 900
    surfels.make_room(250)
    assert numbers(surfels).min() >= 200 and len(surfels) <= 750
    assert np.all(np.isin(np.arange(600, 1000), numbers(surfels)))
    assert surfels.evicted_count == 1000 - len(surfels)
    check(surfels)


def test_room_that_is_there_is_left_alone():
    surfels = filled([500], SurfelConfig(max_surfels=1000))
    surfels.make_room(500)
    assert len(surfels) == 500 and surfels.evicted_count == 0


def test_moving_a_keyframe_moves_its_surfels_and_no_others(monkeypatch):
    monkeypatch.setattr("slam.mapping.surfels.BLOCK", 3)
    surfels = filled([5, 5])
    surfels.arrays.normal[:, 2] = -1
    rows = surfels.select(0)
    T_world_key = np.stack([np.eye(4), np.eye(4)])
    before, _ = surfels.world_points(rows, T_world_key)
    T_world_key[1] = se3.exp(np.array([1.0, 2, 3, 0, np.pi / 2, 0]))
    after, normals = surfels.world_points(rows, T_world_key)
    second = surfels.keyframe_of(rows) == 1
    assert np.array_equal(after[~second], before[~second])
    assert np.allclose(after[second], before[second] @ T_world_key[1][:3, :3].T + T_world_key[1][:3, 3])
    assert np.allclose(normals[second], T_world_key[1][:3, :3] @ [0, 0, -1])


def test_there_is_room_for_all_surfels_in_chunks_that_are_filled_as_little_as_they_may_be():
    surfels = Surfels(SurfelConfig(max_surfels=1_000_000, min_chunk_share=0.5))
    assert len(surfels.arrays.radius) == CHUNK * len(surfels.chunks.live) >= 2_000_000


def test_of_unstable_surfels_those_longest_unseen_go_first():
    """Below stable ones of any confidence, and exactly as many as there have to be."""
    surfels = filled([0], SurfelConfig(max_surfels=1000))
    unstable = add(surfels, 0, 400, confidence=5.9)
    surfels.arrays.seen[unstable] = 1000 + np.random.default_rng(0).permutation(400)
    surfels.arrays.seen[add(surfels, 0, 600, 400, confidence=6.0)] = 0
    surfels.make_room(150)
    assert len(surfels) == 850 and surfels.arrays.seen[surfels.select(0)][:250].min() == 1150
    check(surfels)


def test_surfels_grow_with_their_keyframes():
    surfels = filled([300, 10])
    rows = surfels.select(0)
    before = surfels.arrays.position[:, rows].copy(), surfels.arrays.radius[rows].copy()
    surfels.rescale(np.array([2.0, 0.5]))
    growth = np.where(surfels.keyframe_of(rows) == 0, 2, 0.5)
    assert np.array_equal(surfels.arrays.position[:, rows], growth * before[0])
    assert np.array_equal(surfels.arrays.radius[rows], growth * before[1])
