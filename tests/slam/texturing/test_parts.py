"""slam.texturing and its kernels: the choice of photos, seam levelling and the atlas, against what is known."""

from itertools import product

import numpy as np

from slam.kernels.texture import Candidates
from slam.texturing.atlas import PADDING, lay_out, uv_pixels
from slam.texturing.levelling import level_seams
from slam.texturing.patches import patches_of
from slam.texturing.selection import SelectionConfig, differs, select_photos
from slam.texturing.surface import Surface, graph_of
from tests.helpers import painted_room


def strip(count):
    """A row of triangles along x."""
    vertices = np.array([[k / 2, k % 2, 0] for k in range(count + 2)], float)
    triangles = np.array([[k, k + 1, k + 2] if k % 2 else [k, k + 2, k + 1] for k in range(count)], np.int32)
    return Surface(vertices, triangles, np.zeros((count + 2, 3), np.float32))


def candidates(quality):
    """Every photo shows every triangle in the same colour: quality (T, K)."""
    shape = quality.shape
    return Candidates(np.tile(np.arange(shape[1], dtype=np.int32), (shape[0], 1)), quality.astype(np.float32),
                      np.full((*shape, 3), 100, np.float32), np.ones(shape, np.float32))


def test_neighbours_share_an_edge():
    graph = graph_of(strip(5), np.array([True, True, True, True, False]))
    for t, others in enumerate([{1}, {0, 2}, {1, 3}, {2}, set()]):
        assert set(graph.neighbour[t]) - {-1} == others
        for side, other in enumerate(graph.neighbour[t]):
            assert other < 0 or graph.neighbour[other, graph.slot[t, side]] == t


def test_the_choice_of_photos_is_the_best_of_all():
    rng = np.random.default_rng(3)
    surface, seam = strip(7), 0.3
    graph = graph_of(surface, np.ones(7, bool))
    quality = rng.uniform(0.2, 1, (7, 3))
    cost = 1 - quality / quality.max(1, keepdims=True)

    def total(choice):
        ends = np.array(choice)
        cut = (graph.neighbour >= 0) & (ends[graph.neighbour] != ends[:, None])
        return cost[np.arange(7), ends].sum() + seam * (graph.weight * cut).sum() / 2

    chosen = select_photos(candidates(quality), np.ones((3, 3)), np.ones(3), graph,
                           SelectionConfig(seam=seam, iterations=30))
    best = min(map(total, product(range(3), repeat=7)))
    assert np.isclose(total(chosen), best) and total(cost.argmin(1)) > best + 0.1


def test_a_triangle_that_nobody_shows_has_no_photo():
    found = candidates(np.ones((3, 2)))
    found.photo[1], found.quality[1] = -1, 0
    graph = graph_of(strip(3), np.array([True, False, True]))
    chosen = select_photos(found, np.ones((2, 3)), np.ones(2), graph, SelectionConfig())
    assert chosen[1] == -1 and chosen[0] >= 0 and chosen[2] >= 0


def test_colours_agree_across_a_seam_and_hardly_change_far_from_it():
    surface = strip(200)
    photo = (np.arange(200) >= 100).astype(np.int32)
    patches = patches_of(surface, photo, graph_of(surface, np.ones(200, bool)))
    assert len(patches.photo) == 2 and len(patches.vertex) == 202 + 2
    colour = np.where(patches.patch[:, None] == 0, 100.0, 120.0) * np.ones(3)
    levelled = colour + level_seams(patches, colour)
    for vertex in (100, 101):
        assert np.ptp(levelled[patches.vertex == vertex], axis=0).max() < 3
    assert abs(levelled.mean() - 110) < 1 and np.abs(np.diff(levelled[patches.patch == 0], axis=0)).max() < 2


def test_charts_and_cells_do_not_overlap():
    surface, photos = painted_room.room(3), painted_room.photos()
    photo = np.where(surface.corners[:, :, 2].min(1) > 2.4, 3, -1).astype(np.int32)
    photo[(photo == 3) & (surface.corners.mean(1)[:, 0] > 0)] = 4
    patches = patches_of(surface, photo, graph_of(surface, photo >= 0))
    layout = lay_out(surface, patches, photos, 50, 4096)
    taken = np.zeros(layout.size, int)
    sizes = np.concatenate([layout.source[:, 2:], np.full((50, 2), 4)])
    for (left, top), (width, height) in zip(layout.place, sizes):
        taken[top: top + height, left: left + width] += 1
    assert taken.max() == 1 and layout.scale == 1 and taken.sum() == sizes.prod(1).sum()
    uv = uv_pixels(layout, patches)
    for patch, (left, top) in enumerate(layout.place[: len(layout.source)]):
        inside = uv[patches.patch == patch] - (left, top)
        assert inside.min() >= PADDING and np.all(inside.max(0) <= layout.source[patch, 2:] - 1 - PADDING)


def test_who_shows_another_colour_than_most_differs(monkeypatch):
    monkeypatch.setattr("slam.texturing.selection.BLOCK", 2)
    found = candidates(np.ones((5, 4)))
    found.colour[[0, 3], [1, 2]] += 60
    found.colour[:, 3] /= 2
    assert np.argwhere(differs(found, np.array([[1.0], [1], [1], [2]]) * np.ones(3), 30)).tolist() == [[0, 1], [3, 2]]
    assert differs(Candidates(*(values[:0] for values in found)), np.ones((4, 3)), 30).shape == (0, 4)
