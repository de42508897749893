"""AprilTag grids and grids of circles: rendered through a known camera, and the camera found again."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from calib.base.errors import BadInputError
from calib.boards.chessboard_search import find_chessboard
from calib.boards.grids import AprilGrid, CircleGrid
from calib.geometry.camera import Camera
from calib.geometry.distortion import to_pixels
from tests.helpers.rendered_board import BoardStudio

CAMERA = Camera(640, 480, 520.0, 522.0, 325.0, 236.0, (-0.1, 0.03, 1e-3, -5e-4, 0.0))
TAGS = AprilGrid((5, 4), 0.25)
CIRCLES, SHIFTED = CircleGrid((7, 5)), CircleGrid((4, 9), is_asymmetric=True)


def tags_on_paper(border=2, upwards=True, turned=0):
    """Kalibr's way: black borders two modules wide, the first row below."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)

    def picture(tag_px):
        step = round(1.25 * tag_px)
        page = np.full((3 * step + tag_px, 4 * step + tag_px), 255, np.uint8)
        for number in range(20):
            row, column = divmod(number, 5)
            top, left = (3 - row if upwards else row) * step, column * step
            tag = cv2.aruco.generateImageMarker(dictionary, number, tag_px, borderBits=border)
            page[top: top + tag_px, left: left + tag_px] = np.rot90(tag, turned)
        return page
    return SimpleNamespace(squares=(6, 4.75), picture=picture)


def circles_on_paper(board):
    x, y, _ = board.points.T
    size = float(x.max()) + 2, float(y.max()) + 2

    def picture(px):
        page = np.full((round(size[1] * px), round(size[0] * px)), 255, np.uint8)
        for u, v in zip((x + 1) * px - 0.5, (y + 1) * px - 0.5):
            cv2.circle(page, (round(16 * u), round(16 * v)), round(16 * (0.5 if board.is_asymmetric else 0.3) * px), 0,
                       -1, cv2.LINE_AA, 4)
        return page
    return SimpleNamespace(squares=size, picture=picture)


TURN_DEG, SHIFT = (15, -10, 5), (0.1, 0.1)


def seen(paper, points, distance):
    """A picture of the paper, and where in it `points` (N, 2) of the paper are."""
    shift = *SHIFT, distance
    gray = BoardStudio(paper, CAMERA).picture(TURN_DEG, shift)[..., 0]
    R = Rotation.from_euler("xyz", TURN_DEG, degrees=True).as_matrix()
    p_cam = (np.insert(points, 2, 0, axis=1) - [*np.array(paper.squares) / 2, 0]) @ R.T + shift
    return gray, to_pixels(CAMERA, p_cam[:, :2] / p_cam[:, 2:])


@pytest.mark.parametrize("board, paper, origin, distance", [
    (TAGS, tags_on_paper(), (0, 4.75), 7.5), (CIRCLES, circles_on_paper(CIRCLES), (1, 1), 10),
    (SHIFTED, circles_on_paper(SHIFTED), (1, 1), 14)], ids=["tags", "circles", "shifted circles"])
def test_points_are_where_the_camera_sees_them(board, paper, origin, distance):
    gray, expected_px = seen(paper, board.points[:, :2] + origin, distance)
    ids, points_px = board.find(gray)
    assert len(ids) == len(board.points)
    assert np.linalg.norm(points_px - expected_px[ids], axis=1).max() < 0.6


@pytest.mark.parametrize("border, upwards, turned", [(1, True, 0), (2, False, 0), (2, True, 1), (1, False, 2)])
def test_tags_of_every_maker_lie_on_their_grid(border, upwards, turned):
    paper = tags_on_paper(border, upwards, turned)
    gray = BoardStudio(paper, CAMERA).picture((15, -10, 5), (0, 0, 7.5))[..., 0]
    ids, corners_px = TAGS.find(gray)
    H, _ = cv2.findHomography(TAGS.points[ids, :2], corners_px)
    assert len(ids) >= 72
    there = cv2.perspectiveTransform(TAGS.points[ids, None, :2].astype(float), H)[:, 0]
    assert np.median(np.linalg.norm(there - corners_px, axis=1)) < 1
    assert np.linalg.det(H) > 0, "seen from in front"


def test_a_part_of_the_tags_will_do_and_nothing_else():
    gray = BoardStudio(tags_on_paper(), CAMERA).picture((0, 0, 0), (0, 0, 7.5))[..., 0]
    assert 16 <= len(TAGS.find(gray[:, :330])[0]) < 60
    assert TAGS.find(np.full((480, 640), 128, np.uint8)) is None
    assert CIRCLES.find(np.full((480, 640), 128, np.uint8)) is None


def test_boards_that_cannot_be():
    for kind, arguments in ((AprilGrid, ((1, 6),)), (AprilGrid, ((6, 6), 9.0)), (CircleGrid, ((2, 2),))):
        with pytest.raises(BadInputError):
            kind(*arguments)


def test_a_dim_large_photo_of_a_chessboard():
    """Where the first detector sees nothing, the next one does."""
    board = np.kron((np.arange(7)[:, None] + np.arange(10)) % 2, np.ones((90, 90))) * 60 + 20
    photo = cv2.GaussianBlur(np.pad(board, 120, constant_values=80), (0, 0), 4)
    photo = cv2.resize(photo, (1920, 1440)) + np.random.default_rng(0).normal(0, 14, (1440, 1920))
    gray = np.clip(photo, 0, 255).astype(np.uint8)
    corners = find_chessboard(gray, (9, 6))
    assert corners is not None and len(corners) == 54
    step = np.diff(corners.reshape(6, 9, 2)[:, :, 0], axis=1)
    assert np.abs(np.abs(step) - 90 * 1920 / 1140).max() < 4
