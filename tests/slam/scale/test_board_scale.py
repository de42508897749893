"""slam.scale.board_scale, slam.scale.board_sightings: exact corners, in a map of another size than the world."""

from types import SimpleNamespace

import numpy as np
import pytest

from calib.boards.board import Board
from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.scale.board_scale import BoardScaleConfig, board_growth
from slam.scale.board_sightings import BoardSightings
from tests.helpers.rendered_board import BoardStudio

CAMERA = Camera(1600, 1200, 1400.0, 1400.0, 799.5, 599.5)
SQUARE_M, MAP_SIZE = 0.04, 0.7
T_WORLD_BOARD = se3.exp(np.array([0.1, -0.05, 1.6, 0.2, -0.3, 0.1]))
"""Metres."""
IMAGE = np.zeros((*CAMERA.size, 3), np.uint8)


class SeenBoard:
    """Stands for a Board in front of cameras (K, 4, 4); `order`: what an image's corners are taken for."""

    def __init__(self, squares, dictionary=None):
        board = Board(squares, dictionary)
        self.squares, self.points, self.dictionary = squares, board.points, dictionary
        self.middle = np.array([*squares, 0]) / 2
        self.order = slice(None)

    def find(self, gray):
        assert gray.shape == (960, 1280), "large images are averaged down"
        p_board = (self.points - self.middle) * SQUARE_M
        T = se3.inverse(self.T_world_cam) @ T_WORLD_BOARD
        pixels = CAMERA.resized(gray.shape).project(p_board @ T[:3, :3].T + T[:3, 3])
        noise = np.random.default_rng(7).normal(0, 0.1, pixels.shape)
        return np.arange(len(pixels)), (pixels + noise)[self.order].astype(np.float32)


def cameras(count, step):
    turn = np.array([0, 0, 0, 0.01, -0.2 * step, 0.03])
    return [se3.exp(k * (step * np.array([1, 0.15, 0.3, 0, 0, 0]) + turn)) for k in range(count)]


def growth(board, T_world_cam, submap=None, orders=None, moved=None):
    """What board_growth says of a map that is MAP_SIZE times as large as the world."""
    sightings = BoardSightings(board, SQUARE_M)
    for row, T in enumerate(T_world_cam):
        board.T_world_cam, board.order = T, orders[row] if orders else slice(None)
        sightings.look(IMAGE, CAMERA, row)
    T_world_key = np.array(T_world_cam if moved is None else moved).reshape(-1, 4, 4)
    T_world_key[:, :3, 3] *= MAP_SIZE
    keyframes = SimpleNamespace(T_world_key=T_world_key,
                                submap=np.zeros(len(T_world_key), int) if submap is None else np.array(submap))
    return board_growth(sightings.found, keyframes, BoardScaleConfig())


@pytest.mark.parametrize("dictionary", [None, "4x4_50"])
@pytest.mark.parametrize("count", [2, 8])
def test_the_size_of_the_map_follows_from_a_board(dictionary, count):
    log_growth, log_std = growth(SeenBoard((10, 7), dictionary), cameras(count, 0.4 / count))
    assert np.exp(log_growth) == pytest.approx(1 / MAP_SIZE, rel=0.005) and 0.001 < log_std < 0.05


def test_corners_may_be_counted_from_another_end():
    """From one image to the next, as detectors do when a board looks the same."""
    turned = [slice(None), slice(None, None, -1)] * 3
    assert growth(SeenBoard((10, 7)), cameras(6, 0.07), orders=turned)[0] == pytest.approx(-np.log(MAP_SIZE), abs=0.005)
    quarter = np.rot90(np.arange(49).reshape(7, 7)).ravel()
    orders = [slice(None), quarter, quarter[::-1], slice(None, None, -1), quarter, slice(None)]
    assert growth(SeenBoard((8, 8)), cameras(6, 0.07), orders=orders)[0] == pytest.approx(-np.log(MAP_SIZE), abs=0.005)


def test_a_keyframe_that_stands_wrong_does_not_decide():
    right = cameras(8, 0.05)
    wrong = [T @ se3.exp(np.array([0, 0, 0, 0, 0.9 * (k == 3), 0])) for k, T in enumerate(right)]
    assert growth(SeenBoard((10, 7)), right, moved=wrong)[0] == pytest.approx(-np.log(MAP_SIZE), abs=0.005)


def test_the_submap_that_shows_the_board_most_often_decides():
    poses = cameras(8, 0.05)
    elsewhere = [se3.exp(np.array([0, 0, 5.0, 0, 0, 0])) @ T if k < 3 else T for k, T in enumerate(poses)]
    found = growth(SeenBoard((10, 7)), poses, submap=[0] * 3 + [1] * 5, moved=elsewhere)
    assert found[0] == pytest.approx(-np.log(MAP_SIZE), abs=0.01)


def test_a_camera_that_hardly_moves_says_nothing():
    assert growth(SeenBoard((10, 7)), cameras(6, 0.0005)) is None
    assert growth(SeenBoard((10, 7)), cameras(1, 0)) is None and growth(SeenBoard((10, 7)), []) is None


@pytest.mark.parametrize("board", [Board((10, 7)), Board((10, 7), "4x4_50")], ids=("chessboard", "charuco"))
def test_a_board_in_a_picture(board):
    camera = Camera(640, 480, 520.0, 520.0, 319.5, 239.5)
    sightings = BoardSightings(board, 0.03)
    sightings.look(BoardStudio(board, camera).picture((20, -10, 5), (0.5, -0.3, 10)), camera, 4)
    sightings.look(np.full((480, 640, 3), 120, np.uint8), camera, 5)
    assert [sighting.row for sighting in sightings.found] == [4]
    shifts_m = [candidate.T_cam_board[:3, 3] for candidate in sightings.found[0].candidates]
    assert np.abs(shifts_m - np.array([0.5, -0.3, 10]) * 0.03).max() < 0.002
