"""slam.mapping.fusion: known answers of Keller's averaging, order of frames, free space, stability, determinism."""

import numpy as np
import pytest

from slam.mapping.fusion import Fusion, FusionConfig
from slam.mapping.render import render
from slam.mapping.surfels import SurfelConfig, Surfels
from tests.helpers import scenes
from tests.helpers.surfel_shapes import rectangle, surfels_at

CONFIG = FusionConfig()
HERE = np.eye(4)[None]
ONES = np.ones(scenes.CAMERA.size, np.float32)


class Map:
    """A map of one keyframe and a camera that does not move."""

    def __init__(self, config=CONFIG, **surfels):
        self.surfels = Surfels(SurfelConfig(**{"max_surfels": 100_000, **surfels}))
        self.surfels.add_keyframe()
        self.fusion = Fusion(scenes.CAMERA, config)
        self.frames = 0

    def fuse(self, depth_m, colour=128, weights=ONES):
        """depth_m: a number for a wall across the view, or (h, w). Every pixel has weight 1, no radial one (Keller)."""
        depth_m = np.broadcast_to(np.float32(depth_m), scenes.CAMERA.size)
        rgb = np.full((*scenes.CAMERA.size, 3), colour, np.uint8)
        with np.errstate(divide="ignore"):
            rho = np.where(depth_m > 0, 1 / depth_m, 0).astype(np.float32)
        self.fusion.weights = weights
        result = self.fusion(self.surfels, self.view(), rho, rgb, 0, self.frames)
        self.frames += 1
        return result

    def view(self):
        return render(self.surfels, scenes.CAMERA, np.eye(4), HERE)

    def fields(self):
        rows, a = self.surfels.select(0), self.surfels.arrays
        return a.position[:, rows].T, a.normal[rows], a.colour[rows], a.radius[rows], a.confidence[rows]


def test_a_wall_becomes_one_surfel_per_pixel():
    m = Map()
    result = m.fuse(2.0)
    position, normal, colour, radius, confidence = m.fields()
    inner = (scenes.CAMERA.height - 4) * (scenes.CAMERA.width - 4)
    assert result.added == len(position) == inner and result.merged == 0
    assert np.allclose(position[:, 2], 2.0, rtol=1e-6)
    assert np.allclose(normal, [0, 0, -1], atol=1e-5) and np.all(colour == 128) and np.all(confidence == 1)
    # Half a pixel's diagonal, Keller 2013 section 5.1: sqrt(2)/2 z / f for a surface that faces the camera.
    assert np.allclose(radius, np.sqrt(0.5) * 2.0 / scenes.CAMERA.fx, rtol=1e-3)


def test_averages_are_weighted_by_confidence():
    m = Map(FusionConfig(depth_tolerance=0.1))
    m.fuse(2.0, colour=100)
    result = m.fuse(2.06, colour=160)
    assert result.merged > 0.9 * len(m.surfels)
    position, _, colour, _, confidence = m.fields()
    merged = confidence == 2
    assert np.allclose(position[merged, 2], 2.03, atol=1e-5) and np.allclose(colour[merged], 130, atol=1e-3)
    m.fuse(2.03 + 0.09, colour=130)
    position, _, _, _, confidence = m.fields()
    assert np.allclose(position[confidence == 3, 2], 2.06, atol=1e-5)


def test_one_frame_is_one_observation_of_a_surfel_however_many_pixels_show_it():
    """Surfels with four to nine pixels each: every one gains one observation, and nothing is added between them."""
    m = Map()
    side_m = 3 * 2.0 / scenes.CAMERA.fx
    points, normals = rectangle((0.6, -0.5, 2.0), (-1.2, 0, 0), (0, 1.0, 0), spacing_m=side_m)
    m.surfels = surfels_at(points, normals, radius=side_m, confidence=20.0)
    m.surfels.arrays.seen[:] = -1
    depth_m = np.zeros(scenes.CAMERA.size)
    depth_m[40:80, 60:100] = 2.0
    result = m.fuse(depth_m)
    confidence = m.fields()[-1]
    assert result.merged == np.sum(confidence > 20) > 100 and set(confidence) == {20, 21} and result.added == 0


def test_the_order_of_frames_does_not_matter():
    """(a + b) + c = a + (b + c): weighted means of three walls, in every order."""
    depths = [2.0, 2.02, 2.05]
    weights = [0.3, 1.0, 0.6]
    expected = np.dot(depths, weights) / sum(weights)
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        m = Map()
        for k in order:
            m.fuse(depths[k], weights=weights[k] * ONES)
        position, *_, confidence = m.fields()
        seen_by_all = np.isclose(confidence, sum(weights))
        assert seen_by_all.mean() > 0.9
        assert np.allclose(position[seen_by_all, 2], expected, atol=2e-4)


def test_confidence_is_capped():
    m = Map(FusionConfig(max_confidence=3.0))
    for _ in range(6):
        m.fuse(2.0)
    assert m.fields()[-1].max() == 3.0


def test_another_surface_is_not_merged():
    m = Map()
    m.fuse(2.0)
    result = m.fuse(2.2)
    assert result.merged == 0 and result.added > 0.9 * scenes.CAMERA.width * scenes.CAMERA.height


def test_a_wall_seen_at_another_angle_is_not_merged():
    m = Map(FusionConfig(depth_tolerance=1.0, max_normal_angle_rad=0.3))
    m.fuse(2.0)
    rays = scenes.CAMERA.rays()
    normal = np.array([np.sin(0.8), 0, -np.cos(0.8)])
    slanted = 2.0 * normal[2] / (rays @ normal)
    assert m.fuse(slanted).merged == 0


def test_a_coarser_view_adds_certainty_but_not_blur():
    m = Map(FusionConfig(depth_tolerance=2.0, free_space_margin=2.0))
    m.fuse(1.0, colour=10)
    before = m.fields()[3].max()
    m.fuse(1.9, colour=200)
    position, _, colour, radius, confidence = m.fields()
    assert confidence.max() == 2 and radius[confidence == 2].max() <= before
    assert np.allclose(colour[confidence == 2], 10) and np.allclose(position[confidence == 2, 2], 1.0)


def test_what_floats_in_free_space_is_carved_away():
    m = Map()
    block = np.full(scenes.CAMERA.size, 3.0)
    block[40:80, 60:100] = 1.0
    m.fuse(block)
    floating = np.sum(m.fields()[0][:, 2] < 2)
    for _ in range(12):
        m.fuse(3.0)
    assert floating > 1000 and np.sum(m.fields()[0][:, 2] < 2) == 0


def test_what_is_hidden_is_not_carved():
    m = Map()
    for _ in range(10):
        m.fuse(3.0)
    for _ in range(10):
        m.fuse(1.0)
    assert np.sum(np.isclose(m.fields()[0][:, 2], 3.0)) > 10_000


def test_what_contradicts_the_map_is_not_added_and_wins_by_repetition():
    """A wall at 2.5 m against one at 2.0 m: two layers would be wrong in any case."""
    m = Map(FusionConfig(ambiguity=0.5, free_space_margin=1.0, doubt=0.8))
    for _ in range(4):
        m.fuse(2.0)
    result = m.fuse(2.5)
    assert result.merged == result.added == 0 and result.refused > 10_000
    assert np.allclose(m.fields()[0][:, 2], 2.0) and np.allclose(m.fields()[-1].max(), 4.0 * 0.8)
    for _ in range(20):
        m.fuse(2.5)
    assert np.median(m.fields()[0][:, 2]) > 2.4


def test_a_surer_measurement_replaces_what_it_contradicts():
    m = Map(FusionConfig(ambiguity=0.5, free_space_margin=1.0))
    m.fuse(2.0)
    result = m.fuse(2.5, weights=6 * ONES)
    assert result.refused == 0 and np.allclose(m.fields()[0][:, 2], 2.5) and np.allclose(m.fields()[-1], 6)


def test_a_hole_in_the_depth_neither_adds_nor_carves():
    m = Map()
    m.fuse(2.0)
    before = len(m.surfels)
    result = m.fuse(0.0)
    assert (result.merged, result.added, result.carved) == (0, 0, 0) and len(m.surfels) == before


def test_not_a_number_is_no_measurement():
    m = Map()
    depth = np.full(scenes.CAMERA.size, 2.0)
    depth[30:60, 50:90] = np.nan
    depth[80, 80] = np.inf
    m.fuse(depth)
    position, normal, *_ = m.fields()
    assert np.isfinite(position).all() and np.isfinite(normal).all() and len(position) > 10_000


def test_surfels_become_stable_by_being_seen():
    m = Map(stable_confidence=4.0)
    for _ in range(3):
        m.fuse(2.0)
    assert len(m.surfels.select(4.0)) == 0
    m.fuse(2.0)
    assert len(m.surfels.select(4.0)) > 0.9 * len(m.surfels)


def test_unstable_surfels_vanish_unseen():
    m = Map(max_unstable_age=10)
    m.fuse(2.0)
    dropped = sum(m.fuse(0.0).dropped for _ in range(40))
    assert dropped > 10_000 and len(m.surfels) == 0


@pytest.mark.parametrize("max_surfels", [5_000, 30_000])
def test_the_cap_holds(max_surfels):
    m = Map(max_surfels=max_surfels)
    for k in range(12):
        m.fuse(1.0 + 0.3 * k)
        assert len(m.surfels) <= max_surfels
    assert len(m.surfels) > 0.5 * max_surfels and m.surfels.evicted_count > 0


def test_the_same_frames_give_the_same_bytes():
    maps = [Map(), Map()]
    for m in maps:
        rng = np.random.default_rng(0)
        for _ in range(5):
            m.fuse(2.0 + 0.02 * rng.normal(size=scenes.CAMERA.size))
    a, b = (m.fields() for m in maps)
    assert all(x.tobytes() == y.tobytes() for x, y in zip(a, b))


def test_normals_of_a_known_plane():
    m = Map()
    normal = np.array([0.48, -0.36, -0.8])
    m.fuse(2.0 * normal[2] / (scenes.CAMERA.rays() @ normal))
    assert np.allclose(m.fields()[1], normal, atol=2e-4)
