"""monofuse.results.drawing and its kernel: triangles into pictures, surfels into squares."""

import numpy as np
import pytest

from monofuse.results.drawing import Viewpoint, draw, mesh_surface, surfel_surface
from slam.kernels.rasterise import rasterise
from tests.helpers.surfel_shapes import rectangle, sphere, surfels_at

SIZE = (40, 50)
FRONT = np.array([[0, 1, 2]], np.int32)
BACK = np.array([[0, 2, 1]], np.int32)


def drawn(corners, triangles, colours: float | np.ndarray = 200.0):
    """Corners (V, 3) in pixels and depth -> (depth, image)."""
    depth, image = np.full(SIZE, np.inf, np.float32), np.zeros((*SIZE, 3), np.float32)
    corners = np.array(corners, np.float32)
    colours = np.ascontiguousarray(np.broadcast_to(colours, corners.shape), np.float32)
    rasterise(corners, colours, triangles, depth, image)
    return depth, image


def test_a_triangle_covers_its_pixels_with_its_plane():
    corners = np.array([[5.2, 30.7, 1.0], [41.3, 35.1, 3.0], [20.4, 4.8, 2.0]])
    depth, image = drawn(corners, FRONT, corners)
    v, u = np.mgrid[: SIZE[0], : SIZE[1]]
    shares = np.linalg.solve(np.vstack([corners[:, :2].T, np.ones(3)]), np.stack([u, v, np.ones(SIZE)]).reshape(3, -1))
    inside = (shares >= 0).all(0).reshape(SIZE)
    assert np.array_equal(np.isfinite(depth), inside) and inside.sum() > 400
    assert np.allclose(depth[inside], (corners[:, 2] @ shares).reshape(SIZE)[inside], atol=1e-4)
    assert np.allclose(image[inside][:, :2], np.stack([u, v], -1)[inside], atol=1e-3)


def test_what_faces_away_is_left_out():
    corners = [[5, 30, 1], [40, 30, 1], [20, 5, 1]]
    assert np.isfinite(drawn(corners, FRONT)[0]).any() and np.isinf(drawn(corners, BACK)[0]).all()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_nearer_triangle_hides_the_other(order):
    corners = [[5, 30, 2], [40, 30, 2], [20, 5, 2], [5, 30, 1], [40, 30, 1], [20, 5, 1]]
    colours = np.repeat([[10.0], [20.0]], 3, 0)
    depth, image = drawn(corners, np.concatenate([FRONT, FRONT + 3])[list(order)], colours)
    assert np.allclose(image[np.isfinite(depth)], 20)


def test_neighbours_leave_no_gap():
    rng = np.random.default_rng(0)
    u, v = np.meshgrid(np.linspace(-3, 53, 15), np.linspace(-3, 43, 12))
    corners = np.stack([u, v, np.ones_like(u)], -1)
    corners[1:-1, 1:-1, :2] += rng.uniform(-1.2, 1.2, (10, 13, 2))
    row = np.arange(12 * 15).reshape(12, 15)
    a, b, c, d = row[:-1, :-1].ravel(), row[:-1, 1:].ravel(), row[1:, 1:].ravel(), row[1:, :-1].ravel()
    triangles = np.concatenate([np.stack([a, c, b], 1), np.stack([a, d, c], 1)]).astype(np.int32)
    assert np.isfinite(drawn(corners.reshape(-1, 3), triangles)[0]).all()


def test_outside_and_degenerate_triangles_are_harmless():
    corners = [[-1e6, 30, 1], [1e6, 30, 1], [20, -1e6, 1], [7, 7, 1], [7, 7, 1], [np.nan, 7, 1]]
    depth, _ = drawn(corners, np.concatenate([FRONT, FRONT + 3, FRONT + 2]))
    assert not np.isnan(depth).any()
    assert np.isinf(drawn([[60, 30, 1], [90, 30, 1], [70, 5, 1]], FRONT)[0]).all()


def test_surfels_become_squares_that_cover_a_plane():
    points, normals = rectangle((-0.5, -0.5, 0), (1, 0, 0), (0, 1, 0))
    surface = surfel_surface(surfels_at(points, normals, colours=(10, 20, 30)), np.eye(4)[None])
    assert len(surface.triangles) == 2 * len(points) and np.allclose(surface.points[:, 2], 0)
    a, b, c = np.moveaxis(surface.points[surface.triangles], 1, 0)
    assert np.all(np.cross(b - a, c - a)[:, 2] > 0), "counter-clockwise from the front"
    above = Viewpoint(np.diag([1.0, -1, -1]), np.zeros(3), 0.02, (45, 45))
    image = draw(surface, above, np.zeros(3, np.float32))
    assert np.allclose(image, (10, 20, 30))
    assert np.allclose(draw(surface, above._replace(axes=np.eye(3)), np.full(3, 7, np.float32)), 7)


def test_unstable_surfels_are_not_drawn_and_many_are_thinned(monkeypatch):
    points, normals = sphere(5000, 1.0)
    surfels = surfels_at(points, normals, confidence=np.where(np.arange(5000) < 1000, 1.0, 20.0))
    assert len(surfel_surface(surfels, np.eye(4)[None]).points) == 4 * 4000
    monkeypatch.setattr("monofuse.results.drawing.MAX_SURFELS_DRAWN", 1000)
    thinned = surfel_surface(surfels, np.eye(4)[None])
    assert len(thinned.points) == 4 * 1000
    side_m = np.linalg.norm(thinned.points[1] - thinned.points[0])
    assert side_m == pytest.approx(2 * 1.2 * 0.01 * 2, rel=1e-5), "four times the area each"


def test_pixels_of_a_look():
    look = Viewpoint(np.eye(3), np.array([1.0, 2, 3]), 0.1, (40, 60))
    assert np.allclose(look.pixels(np.array([1.0, 2, 3])), (29.5, 19.5, 0))
    assert np.allclose(look.pixels(np.array([[1.1, 2, 3], [1, 2.1, 4]])), [[30.5, 19.5, 0], [29.5, 20.5, 1]])


def test_a_surface_is_brightest_face_on():
    points, normals = rectangle((-1, -1, 0), (2, 0, 0), (0, 2, 0))
    surface = surfel_surface(surfels_at(points, normals, colours=200.0), np.eye(4)[None])
    across = np.array([[1.0, 0, 0], [0, -0.6, -0.8], [0, 0.8, -0.6]])
    shades = [draw(surface, Viewpoint(axes, np.zeros(3), 0.01, (20, 20)), np.zeros(3, np.float32))
              for axes in (np.diag([1.0, -1, -1]), across)]
    assert np.allclose(shades[0], 200) and np.allclose(shades[1], 200 * (0.55 + 0.45 * 0.6), atol=1e-3)


def test_a_mesh_is_taken_as_it_is():
    trimesh = pytest.importorskip("trimesh")
    ball = trimesh.creation.icosphere(2)
    ball.visual.vertex_colors = (1, 2, 3)
    surface = mesh_surface(ball)
    assert np.array_equal(surface.points, ball.vertices) and np.array_equal(surface.triangles, ball.faces)
    assert np.all(surface.colours == (1, 2, 3)) and np.allclose(np.linalg.norm(surface.normals, axis=1), 1)
