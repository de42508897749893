"""`python -m depth predict`: what it writes, what it takes and what it refuses."""

import cv2
import numpy as np
import pytest

from calib.geometry.camera import Camera
from depth.__main__ import main
from depth.commands import predict
from depth.estimator import focal_scale
from depth.photos.colour_map import MIN_WIDTH_PX, SCALE_HEIGHT_PX, coloured_depth, coloured_error
from depth.photos.depth_image import millimetres, on_image_pixels
from depth.photos.focus import Focus
from depth.photos.picture_camera import PictureCameras
from depth.photos.point_cloud import POINT, is_edge, point_cloud
from depth.runtimes.image_network import ImageNetwork
from depth.runtimes.network_spec import NetworkSpec
from tests.helpers.onnx_file import onnx_file, two_outputs


@pytest.fixture
def network(tmp_path):
    """An ONNX network that predicts 4 m times the mean of the channels."""
    return onnx_file(tmp_path / "grey.onnx", {"rgb": (1, 3, 24, 32)}, {"depth": (1, 1, 24, 32)},
                     [("ReduceMean", ["rgb"], ["mean"], {"axes": [1], "keepdims": 1}),
                      ("Mul", ["mean", "four"], ["depth"], {})], {"four": np.float32([4])})


@pytest.fixture
def predicted(network, tmp_path):
    """Runs the command -> (exit code, folder of results)"""
    def run(*words):
        output = tmp_path / "out"
        return main(["predict", *map(str, words), "--weights", str(network), "--output", str(output),
                     "--threads", "1"]), output
    return run


def written(path, image):
    assert cv2.imwrite(str(path), image)
    return path


def grey(level=127, size=(48, 64)):
    return np.full((*size, 3), level, np.uint8)


def points_of(path):
    header, _, data = path.read_bytes().partition(b"end_header\n")
    points = np.frombuffer(data, POINT)
    assert f"element vertex {len(points)}\n".encode() in header
    return points


def test_everything_for_one_picture(predicted, tmp_path, capsys):
    code, output = predicted(written(tmp_path / "a.png", grey()), "--cloud", "--bokeh", "2", "--fov", "90")
    assert code == 0 and sorted(file.name for file in output.iterdir()) == [
        "a.ply", "a_bokeh.jpg", "a_depth.png", "a_depth_colour.png"]
    depth = cv2.imread(str(output / "a_depth.png"), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16 and depth.shape == (48, 64) and np.all(np.abs(depth - 1992.0) <= 1)
    points = points_of(output / "a.ply")
    assert len(points) == 48 * 64 and np.all(points["red"] == 127)
    assert points["x"].max() == pytest.approx(1.992 * 31.5 / 32, rel=1e-3) and points["x"].min() == -points["x"].max()
    assert cv2.imread(str(output / "a_bokeh.jpg")).shape == (48, 64, 3)
    assert cv2.imread(str(output / "a_depth_colour.png")).shape == (48 + SCALE_HEIGHT_PX, MIN_WIDTH_PX, 3)
    said = capsys.readouterr().out
    assert "field of view of 90 degrees" in said and "network    run by onnx\n" in said


def test_the_error_that_the_network_expects(predicted, tmp_path, capsys):
    picture = written(tmp_path / "a.png", grey())
    assert predicted(picture, "--error")[0] == 2
    assert "grey.onnx does not say how wrong it expects to be; leave --error out" in capsys.readouterr().err
    two_outputs(tmp_path / "grey.onnx", (24, 32))
    code, output = predicted(picture, "--error")
    image = cv2.imread(str(output / "a_error.png"))
    assert code == 0 and image.shape == (48 + SCALE_HEIGHT_PX, MIN_WIDTH_PX, 3)
    expected = coloured_error(np.full((48, 64), -127 / 255), np.ones((48, 64), bool))[..., ::-1]
    assert np.abs(image.astype(int) - expected).max() <= 3


@pytest.mark.parametrize("name, image", [
    ("grey.png", grey()[..., 0]), ("deep.png", np.full((48, 64, 3), 127 * 257, np.uint16)),
    ("deep_grey.png", np.full((48, 64), 127 * 257, np.uint16)), ("alpha.png", np.full((48, 64, 4), 127, np.uint8)),
    ("dot.png", grey(size=(1, 1))), ("thin.png", grey(size=(1, 500)))])
def test_pictures_of_every_kind(predicted, tmp_path, name, image):
    code, output = predicted(written(tmp_path / name, image), "--cloud", "--bokeh", "0,0")
    assert code == 0
    depth = cv2.imread(str(output / name.replace(".", "_depth.")), cv2.IMREAD_UNCHANGED)
    assert depth.shape == image.shape[:2] and np.all(np.abs(depth - 1992.0) <= 20)


def test_a_picture_that_is_too_large(predicted, tmp_path, capsys):
    assert predicted(written(tmp_path / "huge.png", np.zeros((10_000, 10_000), np.uint8)))[0] == 2
    error = capsys.readouterr().err
    assert "10000x10000" in error and error.count("\n") == 1


def test_folders_and_videos(predicted, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("2.jpg", "10.jpg"):
        written(folder / name, grey())
    writer = cv2.VideoWriter(str(folder / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(5):
        writer.write(grey())
    writer.release()
    code, output = predicted(folder, "--every", "2")
    assert code == 0 and sorted(file.name for file in output.glob("*_depth.png")) == [
        "10_depth.png", "2_depth.png", "film_000000_depth.png", "film_000002_depth.png", "film_000004_depth.png"]
    assert predicted(output / "2_depth_colour.png")[0] == 0  # results may be pictures, when named


def test_one_bad_picture_does_not_keep_the_others_back(predicted, tmp_path, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    written(folder / "good.png", grey())
    (folder / "bad.png").write_bytes(b"no picture")
    code, output = predicted(folder)
    assert code == 2 and (output / "good_depth.png").is_file() and "bad.png" in capsys.readouterr().err


@pytest.mark.parametrize("more, named", [
    (["/nowhere.png"], "/nowhere.png"), (["--bokeh", "near"], "--bokeh near"), (["--bokeh", "0"], "--bokeh 0"),
    (["--bokeh", "64,2"], "outside"), (["--fov", "200"], "--fov 200"), (["--fov", "wide"], "--fov"),
    (["--aperture", "0"], "--aperture"), (["--range", "3,2"], "--range"), (["--every", "0"], "--every"),
    (["--calibration", "/nowhere.yaml"], "/nowhere.yaml"), (["--depth-option", "scale"], "NAME=VALUE"),
    (["--fov", "60", "--calibration", "x"], "not allowed with")])
def test_bad_input_is_one_line(predicted, tmp_path, capsys, more, named):
    code, _ = predicted(written(tmp_path / "a.png", grey()), *more)
    error = capsys.readouterr().err
    assert code == 2 and named in error and error.count("\n") == 1


def test_results_that_cannot_be_told_apart_or_written(predicted, tmp_path, capsys):
    files = [written(tmp_path / name, grey()) for name in ("a.png", "a.jpg")]
    assert predicted(*files)[0] == 2 and "same name" in capsys.readouterr().err
    (tmp_path / "out").touch()
    assert predicted(files[0])[0] == 2 and capsys.readouterr().err.count("\n") == 1


def test_without_a_network(tmp_path, capsys):
    assert main(["predict", str(written(tmp_path / "a.png", grey()))]) in (0, 2)
    assert capsys.readouterr().err.count("\n") <= 1


def test_interrupted(predicted, tmp_path, monkeypatch, capsys):
    real, calls = predict.predicted, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)
    monkeypatch.setattr(predict, "predicted", interrupted)
    code, output = predicted(*(written(tmp_path / name, grey()) for name in ("a.png", "b.png", "c.png")))
    assert code == 130 and "predicted: 1," in capsys.readouterr().out
    assert sorted(file.name for file in output.iterdir()) == ["a_depth.png", "a_depth_colour.png"]


def test_the_camera_of_the_training_is_taken_as_it_is():
    for multiple in (None, 32):
        trained = ImageNetwork("trained", NetworkSpec(focal_px=(200.0, 240.0), multiple=multiple), (192, 256))
        for size in ((480, 640), (1080, 1920), (640, 480)):
            camera = PictureCameras(trained).rectifier(size).camera
            assert camera.fx == camera.fy
            assert focal_scale(camera, trained.size_for(size), (200.0, 240.0)) == pytest.approx(1)


def test_millimetres():
    assert millimetres(np.float32([[0, 1e-5, 1.2345, 65.535, 900]])).tolist() == [[0, 1, 1234, 65535, 65535]]


def test_unknown_depth_stays_unknown():
    depth_m = np.full((4, 4), 2, np.float32)
    depth_m[1, 1] = 0
    full_m = on_image_pixels(depth_m, Camera(16, 16, 10.0, 10.0, 7.5, 7.5))
    assert set(np.unique(full_m)) == {0, 2} and np.all(full_m[4:8, 4:8] == 0) and np.all(full_m[10:] == 2)


def test_flying_points_are_left_out():
    camera = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
    depth_m = np.full((48, 64), 1, np.float32)
    depth_m[:, 30:34], depth_m[:, 34:] = np.linspace(1.3, 2.7, 4), 3
    points = point_cloud(grey(), depth_m, camera)
    assert set(np.unique(points["z"])) == {1, 3} and 0.85 < len(points) / depth_m.size < 0.95
    row = np.arange(48)[:, None] + 1.0
    assert not is_edge(np.float32(np.broadcast_to(60 / (row + 5), (48, 64))), camera)[12:].any()  # a floor stays


def test_colours_run_from_blue_to_red():
    depth_m = np.float32(np.geomspace(1, 9, 300))[None].repeat(20, 0)
    depth_m[0] = 0
    for kind, middle in (("log", 150), ("linear", 218)):
        image = coloured_depth(depth_m, kind, (1.0, 9.0))
        assert image.shape == (20 + SCALE_HEIGHT_PX, 300, 3) and np.all(image[0] == image[0, 0])
        assert image[5, 30, 2] > image[5, 30, 0] and image[5, -30, 0] > image[5, -30, 2]
        assert image[5, middle, 1] > 200  # half way lies green


def test_large_errors_are_bright():
    log_error = np.log(np.float32(np.geomspace(0.005, 2, 300)))[None].repeat(20, 0)
    known = np.ones((20, 300), bool)
    known[0] = False
    image = coloured_error(log_error, known).astype(int)
    brightness = image[5].sum(-1)
    assert np.all(image[0] == image[0, 0]) and brightness[0] < 20 and brightness[-1] > 600
    assert np.all(np.diff(brightness) > -12) and brightness[0] == brightness[30] and brightness[-1] == brightness[-30]


def test_focus():
    assert Focus.parsed("1.5").distance(None, "a") == 1.5
    depth_m = np.ones((20, 20), np.float32)
    depth_m[:, 10:] = 3
    assert Focus.parsed("15,3").distance(depth_m, "a") == 3 and Focus.parsed("2,19").distance(depth_m, "a") == 1


def test_strips_within_a_smeared_edge_are_left_out():
    camera = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
    depth_m = np.full((48, 64), 1, np.float32)
    depth_m[:, 30:36], depth_m[:, 36:] = 2, 3
    assert 2 in point_cloud(grey(), depth_m, camera)["z"]
    assert set(np.unique(point_cloud(grey(), depth_m, camera, detail_px=3.0)["z"])) == {1, 3}
