"""slam.texturing: a room that can be drawn exactly is painted from photos and looks like other photos of it."""

import cv2
import numpy as np
import pytest

from slam.texturing.candidates import CandidateConfig, add_photos, no_candidates
from slam.texturing.exposure import gains, sharpness
from slam.texturing.rendering import render
from slam.texturing.selection import SelectionConfig
from slam.texturing.surface import Photo, Surface
from slam.texturing.texture import TextureConfig, texture_steps
from tests.helpers import painted_room, scenes


@pytest.fixture(scope="module")
def room():
    return painted_room.room()


@pytest.fixture(scope="module")
def painted(room):
    return painted_room.result_of(texture_steps(room, painted_room.photos(), TextureConfig()))


def error(mesh, T_world_cam):
    """Root mean square against what the camera sees, of 255, where a photo was painted; share of the picture."""
    image, rows = render(mesh, T_world_cam, scenes.CAMERA)
    true = scenes.picture(T_world_cam)[0]
    inside = (rows >= 0) & mesh.seen[rows]
    return np.sqrt(np.mean((image[inside] - true[inside]) ** 2)), inside.mean()


def test_a_new_view_of_the_textured_room_is_the_true_one(painted):
    rms, share = error(painted, painted_room.pose(0.13, 0.1))
    assert rms < 2.5 and share > 0.85


def test_the_same_photos_give_the_same_bytes(room, painted):
    again = painted_room.result_of(texture_steps(room, painted_room.photos(), TextureConfig()))
    assert all(np.array_equal(a, b) for a, b in zip(again, painted))


def test_triangles_keep_their_order_and_place(room, painted):
    assert np.allclose(painted.vertices[painted.triangles], room.corners, atol=1e-6)
    assert 0.1 < painted.seen.mean() < 0.5 and painted.uv.min() >= 0 and painted.uv.max() <= 1


def test_what_no_photo_shows_has_the_colours_of_its_vertices(room):
    colours = np.random.default_rng(0).uniform(0, 255, room.colours.shape).astype(np.float32)
    mesh = painted_room.result_of(texture_steps(room._replace(colours=colours), painted_room.photos(), TextureConfig()))
    image, rows = render(mesh, painted_room.pose(np.pi), scenes.CAMERA)
    assert not mesh.seen[rows].any()
    corners = room.colours[room.triangles]
    assert np.all(image <= colours[room.triangles[rows]].max(2) + 1.01) and corners.shape[0] == len(mesh.seen)
    assert np.all(image >= colours[room.triangles[rows]].min(2) - 1.01)


def test_a_small_atlas_holds_everything_at_lower_resolution(room):
    mesh = painted_room.result_of(texture_steps(room, painted_room.photos(), TextureConfig(max_size=256)))
    rms, _ = error(mesh, painted_room.pose(0.13, 0.1))
    assert max(mesh.image.shape) <= 256 and rms < 6


def test_a_person_in_one_photo_is_not_painted(room):
    def walk_in(rgb):
        rgb = rgb.copy()
        striped = (np.arange(20, 120) // 4 % 2)[:, None, None]
        rgb[20:120, 40:100] = striped * np.array([200, 0, 0]) + np.array([50, 20, 20])
        return rgb

    photos = painted_room.photos()
    nearer = painted_room.pose(0.0)
    nearer[2, 3] = 0.4
    photos[3] = painted_room.photo(nearer, walk_in)
    mesh = painted_room.result_of(texture_steps(room, photos, TextureConfig()))
    assert error(mesh, photos[3].T_world_key)[0] < 4
    careless = TextureConfig(selection=SelectionConfig(outlier=0))
    assert error(painted_room.result_of(texture_steps(room, photos, careless)), photos[3].T_world_key)[0] > 20


def test_what_stands_in_front_hides_what_is_behind(room):
    """A screen in front of the far wall: the wall behind it is not painted with the screen's colours."""
    z = 1.0
    corners = np.array([[-0.25, -0.25, z], [0.25, -0.25, z], [0.25, 0.25, z], [-0.25, 0.25, z]])
    count = len(room.vertices)
    triangles = np.array([[0, 2, 1], [0, 3, 2]], np.int32) + count
    surface = Surface(np.concatenate([room.vertices, corners]), np.concatenate([room.triangles, triangles]),
                      np.full((count + 4, 3), 128, np.float32))
    found = no_candidates(surface, CandidateConfig())
    list(add_photos(found, surface, [painted_room.photo(np.eye(4))], CandidateConfig()))
    middles = surface.corners.mean(1)
    at_wall = np.isclose(middles[:, 2], scenes.HALF_SIZE_M[2])
    shadow = np.abs(middles[:, :2]).max(1) < 0.8 * 0.25 * scenes.HALF_SIZE_M[2] / z
    beside = (np.abs(middles[:, 0]) > 0.85) & (np.abs(middles[:, 0]) < 1.15) & (np.abs(middles[:, 1]) < 0.8)
    seen = (found.photo >= 0).any(1)
    assert not seen[at_wall & shadow].any() and seen[at_wall & beside].all() and seen[-2:].all()


def test_exposures_and_blur_are_found(room):
    true = np.exp(np.linspace(-0.15, 0.15, 7))
    photos = [painted_room.photo(painted_room.pose(turn, 0.3 * turn), gain=gain)
              for turn, gain in zip(painted_room.TURNS_RAD, true)]
    blurred = scenes.picture(photos[2].T_world_key, gain=true[2])[0]
    blurred = cv2.GaussianBlur(blurred, (0, 0), 5)
    photos[2] = Photo(lambda: blurred, photos[2].T_world_key, scenes.CAMERA)
    found = no_candidates(room, CandidateConfig())
    list(add_photos(found, room, photos, CandidateConfig()))
    gain = gains(found, len(photos))
    slopes = np.log(gain).T @ np.log(true) / (np.log(true) @ np.log(true))
    assert np.all((slopes < -0.4) & (slopes > -1.05)) and np.all(np.diff(gain, axis=0) < 0)
    sharp = sharpness(found, len(photos))
    assert sharp[2] < 0.8 * np.delete(sharp, 2).min()
