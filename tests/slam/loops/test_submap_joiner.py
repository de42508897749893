"""slam.loops.submap_joiner: two parts of a walk through the speckled box come together; other places stay apart."""

import numpy as np
import pytest

from calib.geometry import se3, sim3
from slam.config import SlamConfig
from slam.loops.appearance_index import AppearanceConfig, AppearanceIndex
from slam.loops.submap_joiner import JoiningConfig, SubmapJoiner
from slam.loops.verification import LoopVerifier
from slam.mapping.keyframes import Keyframes
from slam.tracking.image import prepared
from slam.tracking.relocalisation import RelocalisationConfig, Relocaliser
from slam.tracking.tracker import Tracker
from tests.helpers import scenes

CONFIG = SlamConfig.for_network()
CAMERA = scenes.CAMERA.resized((240, 320))
COUNT = 5
T_TRUE = np.array([se3.exp(np.array([0.1 * k, 0.01 * k, 0.03 * k, 0.01 * k, 0.06 * k, 0])) for k in range(COUNT)])
SUBMAP = np.array([0, 0, 1, 1, 1])
GROWTH = 1.2
S_MOVED = sim3.similarity(se3.exp(np.array([0.5, 0.2, -0.4, 0.3, 0.1, -0.2])), GROWTH)
TURN = se3.exp(np.array([0, 0, 0, 0, np.pi, 0]))


@pytest.fixture(scope="module")
def views():
    """Keyframes of a walk, and those of another place."""
    return [prepared(scenes.speckled_frame(k, T, CAMERA), CAMERA, CONFIG)
            for k, T in enumerate([*T_TRUE, *TURN @ T_TRUE])]


def keyframes_of(views):
    """Two submaps: the first where it is, the second moved and with depth that is GROWTH times too large."""
    relocaliser, keyframes = Relocaliser(CAMERA, RelocalisationConfig()), Keyframes(CONFIG.keyframes)
    for row, (image, submap) in enumerate(zip(views, SUBMAP)):
        rho = image.inverse_depth / np.float32(GROWTH if submap else 1)
        keyframe = keyframes.make(image, image.pyramid, rho, 0.05, with_grid=False)
        keyframe.features = relocaliser.describe(image.gray)
        S = S_MOVED @ T_TRUE[row] if submap else T_TRUE[row]
        keyframes.add(keyframe, sim3.rigid_part(S), submap)
    return keyframes


def joined(keyframes, **settings):
    """-> S_world_key of every move, and the shares of the work on the way"""
    index, moves = AppearanceIndex(AppearanceConfig()), []
    for keyframe in keyframes.items:
        index.add(keyframe.features[1])
    verifier = LoopVerifier(CAMERA, Tracker(CONFIG.tracker), 4, False, CONFIG.verification)
    joiner = SubmapJoiner(CAMERA, verifier, index, CONFIG.adjustment.tracks, JoiningConfig(**settings))

    def move(S_world_key):
        moves.append(S_world_key)
        keyframes.move(S_world_key)

    shares = list(joiner.steps(keyframes, move))
    assert shares == sorted(shares) and shares[-1] == 1
    return moves, joiner


def test_two_parts_of_one_place_get_one_frame_and_one_scale(views):
    keyframes = keyframes_of(views[:COUNT])
    moves, joiner = joined(keyframes)
    assert len(moves) == 1 and len(set(keyframes.submap)) == 1 and keyframes.submap[0] == 1  # the larger one stays
    T = sim3.inverse(S_MOVED) @ keyframes.S_world_key()
    np.testing.assert_allclose(T[:, :3, 3], T_TRUE[:, :3, 3], atol=0.02)
    np.testing.assert_allclose(keyframes.scale, [GROWTH, GROWTH, 1, 1, 1], rtol=0.02)
    assert all({SUBMAP[meeting.first], SUBMAP[meeting.second]} == {0, 1} for meeting in joiner.joined)


def test_too_few_votes_join_nothing(views):
    keyframes = keyframes_of(views[:COUNT])
    moves, _ = joined(keyframes, min_votes=len(SUBMAP) ** 2)
    assert not moves and keyframes.submap.tolist() == SUBMAP.tolist()


def test_another_place_stays_apart(views):
    keyframes = keyframes_of([*views[:2], *views[COUNT + 2:]])
    moves, _ = joined(keyframes)
    assert not moves and keyframes.submap.tolist() == SUBMAP.tolist()
