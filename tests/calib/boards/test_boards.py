"""Boards: printed in true size, found in pictures, and a camera that is known from pictures of them."""

import re

import cv2
import numpy as np
import pytest
from PIL import Image

from calib.__main__ import main
from calib.base.errors import BadInputError, CalibrationError
from calib.boards.board import Board
from calib.boards.page import write_page
from calib.boards.solution import solve
from calib.boards.variety import doubts, missing_tilts, missing_views
from calib.boards.views import ViewCollection
from calib.boards.wanted import Wanted
from calib.formats.calibration_file import read_calibration
from calib.geometry.camera import Camera
from calib.geometry.distortion import to_pixels, to_plane
from tests.helpers.mjpeg_server import MjpegServer
from tests.helpers.rendered_board import BoardStudio

CHESSBOARD, CHARUCO = Board((10, 7)), Board((10, 7), "4x4_50")
NARROW = Camera(640, 480, 520.0, 522.0, 325.0, 236.0, (-0.25, 0.08, 1e-3, -5e-4, 0.0))
WALK = 11, (2.2, 2.0)
CASES = {"chessboard": (CHESSBOARD, NARROW, "brown", *WALK),
         "charuco": (CHARUCO, NARROW, "brown", 9.5, (3.6, 2.6)),
         "rational": (CHARUCO, Camera(640, 480, 400.0, 400.0, 318.0, 243.0,
                                      (0.5, -0.3, 1e-3, 1e-3, 0.1, 0.6, -0.2, 0.05)), "rational", 7.0, (4.4, 3.4)),
         "fisheye": (CHARUCO, Camera(640, 480, 280.0, 281.0, 322.0, 238.0, (0.02, -0.01, 3e-3, -1e-3), "fisheye"),
                     "fisheye", 5.0, (4.2, 2.8))}


@pytest.fixture(scope="module")
def pictures():
    """The pictures of a chessboard walk."""
    return list(BoardStudio(CHESSBOARD, NARROW).walk(*WALK))


@pytest.fixture(scope="module")
def collection(pictures):
    """What is kept of them. Not to be changed."""
    return collected(CHESSBOARD, pictures)


@pytest.fixture(scope="module")
def views(collection):
    return collection.views


def collected(board, images):
    collection = ViewCollection(board)
    for index, image in enumerate(images):
        collection.add(str(index), image)
    return collection


def save(folder, images):
    folder.mkdir()
    for index, image in enumerate(images):
        cv2.imwrite(str(folder / f"{index}.png"), image)


@pytest.mark.parametrize("name", ["chessboard", "charuco", "fisheye",
                                  pytest.param("rational", marks=pytest.mark.heavy)])
def test_the_camera_that_took_the_pictures_is_found(collection, name):
    board, camera, lens, distance, spread = CASES[name]
    if name != "chessboard":
        collection = collected(board, BoardStudio(board, camera).walk(distance, spread))
    assert not missing_views(collection.views, collection.size)
    solution = solve(board, collection.views, collection.size, lens)
    assert not doubts(solution, collection.size) and solution.rms_px < 0.3 and not solution.outliers
    assert solution.camera.fx == pytest.approx(camera.fx, rel=3e-3)
    assert solution.camera.fy == pytest.approx(camera.fy, rel=3e-3)
    # the same points of the world land on the same pixels, wherever in the image a board has been
    corners_px = np.concatenate([view.corners_px for view in solution.views])
    assert np.abs(to_pixels(solution.camera, to_plane(camera, corners_px)) - corners_px).max() < 1.0
    known = np.array(camera.distortion[:2]), np.array(solution.camera.distortion[:2])
    assert lens == "rational" or np.allclose(*known, atol=0.03)


@pytest.mark.parametrize("suffix", [".pdf", ".png"])
@pytest.mark.parametrize("board", [CHESSBOARD, CHARUCO])
def test_boards_print_in_true_size(tmp_path, suffix, board):
    path = tmp_path / f"board{suffix}"
    assert write_page(path, board, 25.0) == pytest.approx((275, 200))
    if suffix == ".pdf":
        box = [float(word) for word in re.search(rb"/MediaBox\s*\[([^\]]*)\]", path.read_bytes())[1].split()]
        assert np.array(box[2:]) * 25.4 / 72 == pytest.approx([275, 200], abs=0.1)
        return
    page = Image.open(path)
    assert np.array(page.size) / page.info["dpi"] * 25.4 == pytest.approx([275, 200], abs=0.1)
    gray = cv2.resize(np.array(page.convert("L")), None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    ids, corners_px = board.find(gray)
    expected_px = (board.points[ids, :2] + 0.5) * 240 * 0.3 - 0.5
    assert len(ids) == 54 and np.abs(corners_px - expected_px).max() < 0.3


def test_blurred_and_repeated_views_are_left_out(pictures):
    blurred = BoardStudio(CHESSBOARD, NARROW).picture((20, 0, 0), (0, 0, 11), blur_px=2.5)
    collection = collected(CHESSBOARD, [pictures[4], pictures[4], blurred, np.full_like(blurred[::4, ::4], 90)])
    assert len(collection.views) == 1
    assert collection.lost == {"blurred": ["2"], "without the board": ["3"]}
    assert collection.describe_lost() == ["blurred: 2", "without the board: 3"]


def test_of_similar_views_the_sharper_stays():
    studio = BoardStudio(CHESSBOARD, NARROW)
    soft, sharp = studio.picture((20, 0, 0), (0, 0, 11), blur_px=1.0), studio.picture((20, 0, 0), (0, 0, 11))
    assert [view.name for view in collected(CHESSBOARD, [soft, sharp]).views] == ["1"]
    assert [view.name for view in collected(CHESSBOARD, [sharp, soft]).views] == ["0"]


def test_a_view_that_does_not_fit_is_left_out(views):
    bent = views[3]
    shift = np.where(bent.ids[:, None] % 2, np.float32([5, 0]), np.float32(0))
    bent = bent._replace(corners_px=bent.corners_px + shift)
    solution = solve(CHESSBOARD, [*views[:3], bent, *views[4:]], (480, 640))
    assert [view.name for view, _ in solution.outliers] == [bent.name]
    assert solution.camera.fx == pytest.approx(NARROW.fx, rel=3e-3)


def test_what_is_missing_is_named(views):
    assert missing_views(views[:4], (480, 640))[0] == "6 more different views"
    middle = [view._replace(corners_px=view.corners_px % 160 + 240) for view in views]
    assert "upper left, upper middle, upper right, left, right, lower left" in missing_views(middle, (480, 640))[0]
    facing = np.zeros((12, 2))
    assert len(missing_tilts(facing)) == 2
    facing[:3, 0] = -25
    assert [reason.split("leans ")[1] for reason in missing_tilts(facing)] == \
        ["towards you at its top or bottom by 20 to 40 degrees"]


def test_boards_that_always_face_the_camera_are_refused():
    studio = BoardStudio(CHARUCO, NARROW)
    views = collected(CHARUCO, [studio.picture((0, 0, 5 * x), (3.2 * x, 2.4 * y, 10 + x - y))
                                for x in (-1, 0, 1) for y in (-1, -0.4, 0.4, 1)])
    assert not missing_views(views.views, views.size)
    assert any("leans" in reason for reason in doubts(solve(CHARUCO, views.views, views.size), views.size))


def test_boards_that_cannot_be_are_refused():
    for squares, dictionary, says in (((3, 7), None, "4 to 50"), ((20, 20), "4x4_50", "needs 200 markers"),
                                      ((10, 7), "9x9", "no dictionary")):
        with pytest.raises(BadInputError, match=says):
            Board(squares, dictionary)


def test_from_a_folder_of_pictures_to_a_calibration(tmp_path, pictures, capsys):
    save(tmp_path / "pictures", pictures)
    output = tmp_path / "phone.yaml"
    assert main(["chessboard", str(tmp_path / "pictures"), "--output", str(output)]) == 0
    assert read_calibration(output).camera.fx == pytest.approx(NARROW.fx, rel=3e-3)
    assert "rms error" in capsys.readouterr().out and output.read_text().startswith("# From ")
    assert cv2.imread(str(output.with_suffix(".png"))).shape == (600, 1600, 3)
    assert main(["show", str(output)]) == 0
    assert "our own YAML: 640x480" in capsys.readouterr().out


@pytest.mark.heavy
def test_a_camera_is_watched_until_there_is_enough(tmp_path, pictures, views, monkeypatch):
    monkeypatch.setattr("calib.boards.wanted.MIN_VIEWS_TO_SOLVE", len(views) - 3)

    def serve(connection, camera):
        for number in range(10**6):
            camera.send(pictures[number % len(pictures)])
            camera.pause(0.2)

    with MjpegServer(serve) as server:
        assert main(["chessboard", server.url, "--output", str(tmp_path / "camera.yaml")]) == 0
    assert read_calibration(tmp_path / "camera.yaml").camera.fx == pytest.approx(NARROW.fx, rel=5e-3)


def test_a_camera_is_watched_until_the_board_has_leaned(monkeypatch):
    monkeypatch.setattr("calib.boards.wanted.MIN_VIEWS_TO_SOLVE", 12)
    studio, collection = BoardStudio(CHARUCO, NARROW), ViewCollection(CHARUCO)
    wanted = Wanted(collection, "brown")
    assert "10 more different views" in wanted.reasons()[0]
    for index, (x, y) in enumerate((x, y) for x in (-1, 0, 1) for y in (-1, -0.4, 0.4, 1)):
        collection.add(str(index), studio.picture((0, 0, 5 * x), (3.2 * x, 2.4 * y, 10 + x - y)))
    assert any("leans" in reason for reason in wanted.reasons())
    for index, picture in enumerate(studio.walk(9.5, (3.6, 2.6))):
        collection.add(f"leaning {index}", picture)
    assert wanted.reasons() == []


def test_too_few_pictures_are_refused_with_what_is_missing(tmp_path, pictures, capsys):
    save(tmp_path / "pictures", pictures[:1])
    output = tmp_path / "phone.yaml"
    assert main(["chessboard", str(tmp_path / "pictures"), "--output", str(output)]) == 2
    error = capsys.readouterr().err
    assert "more different views" in error and error.count("\n") == 1
    assert not output.exists() and output.with_suffix(".png").exists()
    assert main(["chessboard", str(tmp_path / "pictures"), "--squares", "9x6", "--output", str(output)]) == 2
    assert "squares (not corners)" in capsys.readouterr().err


def test_the_board_command(tmp_path, capsys):
    assert main(["board", "charuco", "--output", str(tmp_path / "b.pdf")]) == 0
    assert "fits A4" in capsys.readouterr().out and (tmp_path / "b.pdf").read_bytes().startswith(b"%PDF")
    for wrong in (["--squares", "ten"], ["--square-mm", "0"], ["--output", "board.txt"], ["--marker-share", "2"]):
        assert main(["board", "charuco", *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_views_that_no_camera_explains_end_in_one_line(views):
    random = np.random.default_rng(0)
    chaos = [view._replace(corners_px=random.uniform(0, 480, view.corners_px.shape).astype(np.float32))
             for view in views]
    for lens in ("brown", "fisheye"):
        try:
            assert doubts(solve(CHESSBOARD, chaos, (480, 640), lens), (480, 640))
        except CalibrationError as error:
            assert "\n" not in str(error)
