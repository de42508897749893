"""monofuse.results.overview: the picture is there and shows the trajectory whatever the run was like."""

import numpy as np
import pytest
import trimesh

from calib.geometry import se3
from monofuse.results.drawing import mesh_surface, surfel_surface
from monofuse.results.overview import (
    BACKGROUND,
    END_COLOUR,
    START_COLOUR,
    _forward,
    _look,
    _upward,
    draw_overview,
    draw_surfel_overview,
)
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
    picture = draw_overview(mesh, T_world_cam, "a room")
    assert picture.shape == SIZE and picture.dtype == np.uint8
    assert drawn(picture[:, :900]) > 0.2 and drawn(picture[:, 900:]) > 0.2
    for panel, elevation in ((picture[:, :900], 35.0), (picture[:, 900:], 89.0)):
        look = _look(mesh_surface(mesh), T_world_cam, elevation)
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
    picture = draw_overview(mesh, trajectory(5, T_start), "turned")
    assert drawn(picture[:, :900]) > 0.1 and drawn(picture[:, 900:]) > 0.1


def test_a_full_turn_and_a_full_roll_still_have_a_view():
    for axis in range(3):
        omega = np.eye(3)[axis] * 2 * np.pi / 60
        T_world_cam = trajectory(60, step=(0, 0, 0, *omega))
        up = _upward(np.zeros((0, 3)), T_world_cam)
        forward = _forward(up, T_world_cam)
        assert np.isclose(np.linalg.norm(up), 1) and np.isclose(np.linalg.norm(forward), 1)
        assert abs(up @ forward) < 1e-9


def test_upward_is_the_floors_normal_even_if_the_camera_looks_down():
    T_world_cam = trajectory(5, turned(-25))
    _, normals, _ = box_walls()
    assert np.allclose(_upward(normals, T_world_cam), (0, -1, 0), atol=1e-6)
    by_cameras = _upward(np.zeros((0, 3)), T_world_cam)
    assert np.degrees(np.arccos(-by_cameras[1])) == pytest.approx(25)


def test_surface_far_away_does_not_shrink_the_rest(surfels):
    """A hundredth of a per cent of stray surfels is left outside the picture."""
    points, normals, colours = box_walls()
    points, normals = np.concatenate([points, [[500.0, 0, 0]] * 2]), np.concatenate([normals, normals[:2]])
    stray = surfels_at(points, normals, colours=np.concatenate([colours, colours[:2]]))
    looks = [_look(surfel_surface(some, np.eye(4)[None]), trajectory(5), 35.0) for some in (surfels, stray)]
    assert looks[1].m_per_px == pytest.approx(looks[0].m_per_px, rel=0.05)
