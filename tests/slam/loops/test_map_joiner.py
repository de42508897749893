"""slam.loops.map_joiner: a join that too few keyframes confirm is undone; tests/monofuse/test_merge.py has more."""

import numpy as np

from slam.loops.candidates import CandidateConfig, LoopCandidates
from slam.loops.map_joiner import MapJoiner, MergingConfig
from slam.loops.submap_joiner import JoiningConfig
from slam.loops.verification import LoopVerifier
from slam.tracking.tracker import Tracker
from tests.slam.loops.test_submap_joiner import CAMERA, CONFIG, COUNT, SUBMAP, keyframes_of, views

assert views, "a fixture"


def test_a_join_that_is_not_confirmed_is_undone(views):
    keyframes = keyframes_of(views[:COUNT])
    verify = LoopVerifier(CAMERA, Tracker(CONFIG.tracker), 4, False, CONFIG.verification)
    candidates = LoopCandidates(CAMERA, CandidateConfig())
    for keyframe in keyframes.items:
        candidates.add(keyframe)

    joiner = MapJoiner(CAMERA, verify, candidates, CONFIG.adjustment.tracks, JoiningConfig(),
                       MergingConfig(min_votes=2, min_keyframes=2, min_confirmed=1.1))
    before, moves = keyframes.S_world_key(), []

    def move(S_world_key):
        moves.append(S_world_key)
        keyframes.move(S_world_key)

    for _ in joiner.steps(keyframes, move):
        pass
    assert len(moves) == 2 and keyframes.submap.tolist() == SUBMAP.tolist() and not joiner.confirmed
    np.testing.assert_allclose(keyframes.S_world_key(), before, atol=1e-9)
