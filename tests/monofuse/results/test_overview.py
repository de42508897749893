"""monofuse.results.overview: the picture is there and shows the trajectory whatever the run was like."""

import numpy as np
import pytest
import trimesh

from calib.geometry import se3
from monofuse.results.drawing import Viewpoint, draw_textured, mesh_surface, seen_area_m2, surfel_surface
from monofuse.results.orientation import forward, upward
from monofuse.results.overview import (
    BACKGROUND,
    END_COLOUR,
    PREVIEW_SIZE,
    START_COLOUR,
    _best_look,
    _look,
    certainty,
    draw_overview,
    draw_surfel_overview,
)
from slam.texturing.texture import TexturedMesh
from tests.helpers.surfel_shapes import BOX_M, WALL_COLOURS, box_walls, surfels_at

SIZE = (900, 1800, 3)
FLOOR, CEILING = 4, 1  # y points down: the floor is the wall at y = BOX_M[1]


@pytest.fixture(scope="module")
def surfels():
    points, normals, colours = box_walls()
    return surfels_at(points, normals, colours=colours)


@pytest.fixture(scope="module")
def mesh():
    """The box room, seen from inside."""
    box = trimesh.creation.box(BOX_M).subdivide().subdivide()
    return trimesh.Trimesh(box.vertices + BOX_M / 2, box.faces[:, ::-1], process=False,
                           vertex_colors=np.tile([90, 200, 90], (len(box.vertices), 1)))


def trajectory(count, T_start=None, step=(0.004, 0, 0, 0, 0, 0)):
    """Cameras in the room that look along z, moving right."""
    T_start = np.eye(4) if T_start is None else T_start
    T = np.array([T_start @ se3.exp(k * np.array(step)) for k in range(count)]).reshape(-1, 4, 4)
    T[:, :3, 3] += BOX_M * (0.3, 0.5, 0.3)
    return T


def drawn(picture):
    """Share of the picture that is not background."""
    return np.mean(np.abs(picture.astype(float) - BACKGROUND).max(-1) > 3)


def has_near(picture, pixel, colour, reach=2):
    u, v = np.round(pixel[:2]).astype(int)
    patch = picture[v - reach: v + reach + 1, u - reach: u + reach + 1].reshape(-1, 3)
    return np.abs(patch - colour).max(1).min() < 25


def test_the_picture_shows_mesh_and_trajectory(mesh):
    T_world_cam = trajectory(100)
    picture = draw_overview(mesh, None, T_world_cam, "a room")
    assert picture.shape == SIZE and picture.dtype == np.uint8
    assert drawn(picture[:, :900]) > 0.2 and drawn(picture[:, 900:]) > 0.2
    looks = _best_look(mesh_surface(mesh), T_world_cam), _look(mesh_surface(mesh), T_world_cam, 89.0)
    for panel, look in zip((picture[:, :900], picture[:, 900:]), looks):
        start, end = look.pixels(T_world_cam[[0, -1], :3, 3])
        assert has_near(panel, start, START_COLOUR) and has_near(panel, end, END_COLOUR)


def test_ceilings_and_near_walls_do_not_hide_the_room(surfels):
    top = draw_surfel_overview(surfels, np.eye(4)[None], trajectory(3), "a room")[:, 900:]
    middle = top[350:550, 350:550].reshape(-1, 3).astype(float)
    assert np.median(np.abs(middle - WALL_COLOURS[FLOOR]).max(1)) < 10
    assert np.abs(middle - WALL_COLOURS[CEILING]).max(1).min() > 50


def test_everything_is_in_sight(mesh):
    T_world_cam = trajectory(50, step=(0.2, 0, 0.1, 0, 0, 0))
    for elevation in (35.0, 89.0):
        look = _look(mesh_surface(mesh), T_world_cam, elevation)
        pixels = np.concatenate([look.pixels(T_world_cam[:, :3, 3]), look.pixels(np.asarray(mesh.vertices))])[:, :2]
        assert pixels.min() > 0 and pixels.max() < 899


def test_a_run_without_a_mesh_shows_its_surfels(surfels):
    picture = draw_surfel_overview(surfels, np.eye(4)[None], trajectory(30), "a room")
    assert picture.shape == SIZE and drawn(picture) > 0.2


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("surface", ["surfels", "nothing"])
def test_few_poses_and_no_surfels_are_drawn_too(surfels, surface, count):
    if surface == "nothing":
        surfels = surfels_at(np.zeros((0, 3)), np.zeros((0, 3)))
    picture = draw_surfel_overview(surfels, np.eye(4)[None], trajectory(count), "short")
    assert picture.shape == SIZE and drawn(picture) > 0.001
    assert (drawn(picture) > 0.2) == (surface == "surfels")


def turned(x_deg, z_deg=0.0):
    return se3.exp(np.r_[0, 0, 0, np.radians(x_deg), 0, 0]) @ se3.exp(np.r_[0, 0, 0, 0, 0, np.radians(z_deg)])


@pytest.mark.parametrize("T_start", [turned(90), turned(-90), turned(180), turned(0, 180), turned(45, 90)],
                         ids=("up", "down", "back", "upside down", "rolled"))
def test_any_orientation_gives_a_picture(mesh, T_start):
    picture = draw_overview(mesh, None, trajectory(5, T_start), "turned")
    assert drawn(picture[:, :900]) > 0.1 and drawn(picture[:, 900:]) > 0.1


def test_a_full_turn_and_a_full_roll_still_have_a_view():
    for axis in range(3):
        omega = np.eye(3)[axis] * 2 * np.pi / 60
        T_world_cam = trajectory(60, step=(0, 0, 0, *omega))
        up = upward(np.zeros((0, 3)), T_world_cam)
        ahead = forward(up, T_world_cam)
        assert np.isclose(np.linalg.norm(up), 1) and np.isclose(np.linalg.norm(ahead), 1)
        assert abs(up @ ahead) < 1e-9


def test_upward_is_the_floors_normal_even_if_the_camera_looks_down():
    T_world_cam = trajectory(5, turned(-25))
    _, normals, _ = box_walls()
    assert np.allclose(upward(normals, T_world_cam), (0, -1, 0), atol=1e-6)
    by_cameras = upward(np.zeros((0, 3)), T_world_cam)
    assert np.degrees(np.arccos(-by_cameras[1])) == pytest.approx(25)


def test_surface_far_away_does_not_shrink_the_rest(surfels):
    """A hundredth of a per cent of stray surfels is left outside the picture."""
    points, normals, colours = box_walls()
    points, normals = np.concatenate([points, [[500.0, 0, 0]] * 2]), np.concatenate([normals, normals[:2]])
    stray = surfels_at(points, normals, colours=np.concatenate([colours, colours[:2]]))
    looks = [_look(surfel_surface(some, np.eye(4)[None]), trajectory(5), 35.0) for some in (surfels, stray)]
    assert looks[1].m_per_px == pytest.approx(looks[0].m_per_px, rel=0.05)


def test_the_view_shows_the_side_that_was_seen():
    """Only two walls of the box are there: they are looked at from inside, though the cameras looked elsewhere."""
    points, normals, colours = box_walls((3, FLOOR))  # x = BOX_M[0], facing -x, and the floor
    surface = surfel_surface(surfels_at(points, normals, colours=colours), np.eye(4)[None])
    T_world_cam = trajectory(5, se3.exp(np.array([0, 0, 0, 0, -np.pi / 2, 0])))
    look, usual = _best_look(surface, T_world_cam), _look(surface, T_world_cam, 35.0)
    areas_m2 = [seen_area_m2(surface, each.resized(PREVIEW_SIZE)) for each in (look, usual)]
    assert look.axes[2, 0] > 0.3 and areas_m2[0] > 1.3 * areas_m2[1]


def test_a_textured_mesh_shows_its_picture():
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, 20:] = (250, 120, 10)
    corners = np.array([[0, 0, 0], [4, 0, 0], [4, 2, 0], [0, 2, 0]], np.float32)
    mesh = TexturedMesh(corners, np.array([[0, 2, 1], [0, 3, 2]], np.int32), corners[:, :2] / (4, 2), image,
                        np.ones(2, bool))
    look = Viewpoint(np.eye(3), np.array([2.0, 1, 0]), 0.1, (30, 50))
    picture = draw_textured(mesh, look, np.array([1, 2, 3], np.float32))
    assert np.allclose(picture[15, 10], 0) and np.allclose(picture[15, 40], (250, 120, 10))
    assert np.allclose(picture[2, 2], (1, 2, 3))
    behind = look._replace(axes=np.diag([-1.0, 1, -1]))
    assert np.allclose(draw_textured(mesh, behind, np.zeros(3, np.float32)), 0)


@pytest.mark.parametrize("log_std, says", [(0.0, ""), (0.113, " +- 12 %"), (None, ", scale not known")])
def test_the_scale_bar_says_how_sure_it_is(log_std, says):
    assert certainty(log_std) == says
