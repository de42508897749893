"""slam.loops.map_joiner: a join that what is seen contradicts is undone."""

import numpy as np
import pytest

from calib.geometry import sim3
from slam.loops.candidates import CandidateConfig, LoopCandidates
from slam.loops.map_joiner import MapJoiner, MergingConfig
from slam.loops.submap_joiner import JoiningConfig
from slam.loops.verification import LoopVerifier
from slam.tracking.tracker import Tracker
from tests.slam.loops.test_submap_joiner import CAMERA, CONFIG, COUNT, S_MOVED, SUBMAP, T_TRUE, keyframes_of, views

assert views, "a fixture"


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_a_join_has_to_be_confirmed_by_what_is_seen(views, is_confirmed):
    keyframes = keyframes_of(views[:COUNT])
    verify = LoopVerifier(CAMERA, Tracker(CONFIG.tracker), 4, False, CONFIG.verification)
    candidates = LoopCandidates(CAMERA, CandidateConfig())
    for keyframe in keyframes.items:
        candidates.add(keyframe)

    joiner = MapJoiner(CAMERA, verify, candidates, CONFIG.adjustment.tracks, JoiningConfig(),
                       MergingConfig(min_votes=2, min_keyframes=2, min_confirmed=0.6 if is_confirmed else 1.1))
    before = keyframes.S_world_key()
    for _ in joiner.steps(keyframes, keyframes.move):
        pass
    if is_confirmed:
        assert len(set(keyframes.submap)) == 1 and len(joiner.confirmed) >= 2
        T = sim3.inverse(S_MOVED) @ keyframes.S_world_key()
        np.testing.assert_allclose(T[:, :3, 3], T_TRUE[:, :3, 3], atol=0.02)
    else:
        assert keyframes.submap.tolist() == SUBMAP.tolist() and not joiner.confirmed
        np.testing.assert_allclose(keyframes.S_world_key(), before, atol=1e-9)
