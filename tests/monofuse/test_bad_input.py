"""Bad input: one clear line and exit code 2, before any work where that is possible, and nothing is lost."""

import sys

import cv2
import numpy as np
import pytest

from calib.base.command_line import exit_code
from calib.geometry.camera import Camera
from monofuse import run as run_slam
from tests.helpers.onnx_file import onnx_file
from tests.helpers.slam_process import SHORT, report_in, run_process, trajectory_in
from tests.helpers.tiny_recordings import write_camera
from tests.helpers.walk_recording import FRAMES, SIZE

INPUT, MAP = (1, 3, 48, 64), (1, 1, 48, 64)
RED = ("Slice", ["image", "from", "to", "axis"], ["red"], {})
CONSTANTS = {"from": np.array([0]), "to": np.array([1]), "axis": np.array([1]), "two": np.array([2], np.float32)}


@pytest.fixture
def said(capsys):
    """Runs run_slam, on recorded depth where no other is named -> (exit code, the one line on standard error)."""
    def run(*arguments):
        depth = [] if "--depth" in arguments else ["--depth", "sensor"]
        code = run_slam.main([*map(str, arguments), *depth, *SHORT])
        error = capsys.readouterr().err
        assert error.startswith("run_slam: ") and error.count("\n") == 1, error
        return code, error
    return run


@pytest.fixture
def refused(said, tmp_path):
    """Runs run_slam, which must refuse at once and leave no results -> the one line."""
    def run(*arguments):
        code, line = said(*arguments, "--output", tmp_path / "refused")
        assert code == 2 and not (tmp_path / "refused").exists()
        return line
    return run


@pytest.fixture
def network(tmp_path):
    """Writes a network of (operator, inputs, output), the red channel being at hand. -> its path"""
    def write(*nodes, takes=INPUT, gives=MAP):
        nodes = [RED] + [(operator, inputs, [output], {}) for operator, inputs, output in nodes]
        return onnx_file(tmp_path / "tiny.onnx", {"image": takes}, {"depth": gives}, nodes, CONSTANTS)
    return write


def replaced(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


# Refused before any work


@pytest.mark.parametrize("arguments, says", [
    (["nowhere"], "nowhere"),
    (["tum:nowhere"], "nowhere"),
    (["synthetic:colour=3"], "no option 'colour'"),
    (["--depth", "network.txt"], "no depth network network.txt: give `mobile`, `mobile-open`, a file that ends in"),
    (["--depth", "network.pth", "--runtime", "openvino"], "--runtime openvino runs .onnx files, not network.pth"),
    (["--depth", "nowhere.onnx"], "no depth network nowhere.onnx"),
    (["--depth-option", "scale=2"], "--depth-option is for networks"),
    (["--runtime", "torch"], "--runtime is for networks"),
    (["--network", "mobile"], "--network is for networks"),
    (["--adapt", "end"], "--adapt is for networks"),
    (["--topic", "/camera", "synthetic"], "--topic /camera is for bags of ROS: synthetic is read as synthetic"),
    (["--fast", "--depth", "mobile", "--passes", "2"], "--passes 2 is work after the last frame, which --fast leaves"),
    (["--depth", "x.onnx", "--depth-option", "scale"], "NAME=VALUE"),
    (["--max-frames", "0"], "--max-frames: expected a whole number from 1"),
    (["--max-surfels", "1e9"], "--max-surfels: expected a whole number from 1000 to 100000000, not '1e9'"),
    (["--seed", "-1"], "--seed"),
    (["--mesh", "stl"], "'ply', 'obj', 'glb'"),
    (["--colour"], "unrecognized arguments: --colour; see python run_slam.py --help"),
    (["one", "two"], "unrecognized arguments: two")])
def test_a_mistyped_command(refused, arguments, says):
    assert says in refused(*arguments)


def test_a_source_without_images(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "notes.txt").write_text("nothing to see")
    (tmp_path / "broken.mp4").write_bytes(b"no video" * 100)
    for source in ("empty", "text", "text/notes.txt", "broken.mp4"):
        assert source in refused(tmp_path / source, "--depth", "sensor")


def test_a_recording_that_names_no_readable_image(refused, recording):
    for file in (recording / "rgb").iterdir():
        file.write_bytes(file.read_bytes()[:200])
    assert f"none of its {FRAMES} images can be read" in refused(recording)
    (recording / "rgb.txt").write_text("# timestamp filename\n")
    assert "rgb.txt" in refused(recording)


def test_no_calibration(refused, recording):
    (recording / "calibration.yaml").rename(recording / "elsewhere.yaml")
    assert "focal length cannot be told" in (line := refused(recording)) and "give --calibration FILE" in line
    replaced(recording / "elsewhere.yaml", "cy:", "centre:")
    assert "lacks cy" in refused(recording, "--calibration", recording / "elsewhere.yaml")


@pytest.mark.parametrize("wrong, says", [("fx: 0", "focal length"), ("fx: .nan", "fx"), ("fx: wide", "fx"),
                                         ("fx: [1, 2", "YAML")])
def test_a_calibration_with_a_wrong_number(refused, recording, wrong, says):
    lines = (recording / "calibration.yaml").read_text().splitlines()
    (recording / "calibration.yaml").write_text("\n".join(wrong if line.startswith("fx") else line for line in lines))
    assert says in refused(recording)


def test_a_calibration_of_another_aspect(refused, recording):
    replaced(recording / "calibration.yaml", "height: 120", "height: 90")
    line = refused(recording)
    assert "160x90" in line and "160x120" in line


def test_no_depth_where_it_is_asked_for(refused, recording):
    (recording / "depth.txt").unlink()
    assert "--depth" in refused(recording)
    (recording / "rgb.txt").unlink()
    assert "--depth" in refused(f"images:{recording}/rgb", "--calibration", recording / "calibration.yaml")


@pytest.mark.parametrize("node, takes, gives, says", [
    (("Neg", ["red"], "depth"), (1, 4, 48, 64), MAP, "three colour channels"),
    (("Add", ["image", "two"], "depth"), INPUT, INPUT, "(1, 3, 48, 64), not one depth map"),
    (("GlobalAveragePool", ["red"], "depth"), INPUT, (1, 1, 1, 1), "not one depth map")])
def test_a_network_of_another_shape(refused, recording, network, node, takes, gives, says):
    line = refused(recording, "--depth", network(node, takes=takes, gives=gives))
    assert says in line and "tiny.onnx" in line


def test_a_file_that_is_no_network(refused, recording, tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"no network")
    assert "cannot be loaded as an ONNX network" in refused(recording, "--depth", tmp_path / "no.onnx")


def test_an_output_that_cannot_be_a_folder(said, recording, tmp_path):
    (tmp_path / "file").write_text("precious")
    for output in (tmp_path / "file", tmp_path / "file" / "below", "/proc/monofuse"):
        code, line = said(recording, "--output", output)
        assert code == 2 and str(output) in line and "--output" in line
    assert (tmp_path / "file").read_text() == "precious"


def test_a_missing_optional_package(said, recording, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    code, line = said(recording, "--output", tmp_path / "out", "--depth", "some.onnx")
    assert code == 2 and "pip install onnxruntime" in line


def test_an_empty_file_is_called_that(refused, tmp_path):
    for name, options in (("walk.bag", ("--topic", "/camera")), ("walk.bag", ()), ("walk.mp4", ())):
        (tmp_path / name).touch()
        assert f"{name} is an empty file" in refused(tmp_path / name, *options)
    (tmp_path / "text.bag").write_text("no bag")
    assert "cannot tell what" in refused(tmp_path / "text.bag")


def test_the_process_says_so(tmp_path):
    process = run_process("nowhere", cwd=tmp_path)
    assert process.returncode == 2 and process.stdout == ""
    assert process.stderr.startswith("run_slam: ") and process.stderr.count("\n") == 1


# Found out on the way


def test_unreadable_images_are_skipped_and_counted(recording, tmp_path, capsys):
    whole = (recording / "rgb" / "7.png").read_bytes()
    (recording / "rgb" / "7.png").write_bytes(whole[: len(whole) // 2])
    (recording / "rgb" / "8.png").unlink()
    (recording / "depth" / "10.png").write_bytes(b"")
    assert run_slam.main([str(recording), "--depth", "sensor", "--output", str(tmp_path / "out"), *SHORT]) == 0
    report = report_in(tmp_path / "out")
    assert (report["frames"], report["tracked"], report["skipped"]) == (FRAMES - 2, FRAMES - 2, 3)
    assert ["7.png" in report["skipped_reasons"][0], "8.png" in report["skipped_reasons"][1]] == [True, True]
    assert "skipped" in capsys.readouterr().out


def test_images_that_change_size(said, recording, tmp_path):
    small = cv2.resize(cv2.imread(str(recording / "rgb" / "12.png")), (64, 48))
    cv2.imwrite(str(recording / "rgb" / "12.png"), small)
    code, line = said(recording, "--output", tmp_path / "out")
    assert code == 2 and "12.png is 64x48" in line and "160x120" in line
    report = report_in(tmp_path / "out")
    assert report["ended"] == "failed" and report["problems"] == [line[len("run_slam: "):].strip()]
    assert report["tracked"] == len(trajectory_in(tmp_path / "out")) == 12
    assert (tmp_path / "out" / "mesh.ply").exists() and (tmp_path / "out" / "map.ply").exists()


def test_a_calibration_of_the_same_aspect_is_scaled(recording, tmp_path, capsys):
    write_camera(recording / "double.yaml", Camera(320, 240, 251.1497, 251.1497, 159.5, 119.5))
    assert run_slam.main([str(recording), "--depth", "sensor", "--calibration", str(recording / "double.yaml"),
                          "--output", str(tmp_path / "out"), "--max-frames", "6", *SHORT]) == 0
    camera = report_in(tmp_path / "out")["camera"]
    assert (camera["width"], camera["height"]) == SIZE
    assert (camera["fx"], camera["cx"]) == (pytest.approx(125.57485), pytest.approx(79.5))


def test_depth_maps_of_zeros(said, recording, tmp_path):
    for file in (recording / "depth").iterdir():
        cv2.imwrite(str(file), np.zeros(SIZE[::-1], np.uint16))
    code, line = said(recording, "--output", tmp_path / "out")
    assert code == 2 and f"none of {FRAMES} frames has a depth map with readings" in line
    report = report_in(tmp_path / "out")
    assert (report["tracked"], report["waiting"], report["ended"]) == (0, FRAMES, "failed")


@pytest.mark.parametrize("nodes, says", [
    ([("Sub", ["red", "red"], "zero"), ("Div", ["zero", "zero"], "depth")], "every value is NaN"),
    ([("Sub", ["red", "red"], "depth")], "every value is zero"),
    ([("Neg", ["red"], "depth")], "every value is zero, negative")])
def test_a_network_that_predicts_no_depth(said, recording, network, tmp_path, nodes, says):
    code, line = said(recording, "--depth", network(*nodes), "--output", tmp_path / "out")
    assert code == 2 and says in line and "tiny.onnx" in line


def test_a_network_that_fails_half_way(recording, network, tmp_path):
    """2 + log(brightness): minus infinity for a black image. The run goes on."""
    cv2.imwrite(str(recording / "rgb" / "14.png"), np.zeros((*SIZE[::-1], 3), np.uint8))
    path = network(("Log", ["red"], "logarithm"), ("Add", ["logarithm", "two"], "depth"))
    assert run_slam.main([str(recording), "--depth", str(path), "--output", str(tmp_path / "out"), *SHORT]) == 0
    assert len(trajectory_in(tmp_path / "out")) == report_in(tmp_path / "out")["tracked"] >= 15


# Runs that fail


def test_images_without_texture(said, recording, tmp_path):
    for file in (recording / "rgb").iterdir():
        cv2.imwrite(str(file), np.full((*SIZE[::-1], 3), 127, np.uint8))
    code, line = said(recording, "--output", tmp_path / "out")
    assert code == 1 and "texture" in line
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "trajectory.txt", "map.ply", "map.db", "overview.png", "report.json", "keyframes.zip"}


def test_a_camera_that_is_lost_at_once(said, recording, tmp_path):
    rng = np.random.default_rng(0)
    for index in range(1, FRAMES):
        cv2.imwrite(str(recording / "rgb" / f"{index}.png"), rng.integers(0, 255, (*SIZE[::-1], 3), np.uint8))
    code, line = said(recording, "--output", tmp_path / "out")
    assert code == 1 and "all were lost after the first" in line
    report = report_in(tmp_path / "out")
    assert (report["tracked"], report["lost"], report["ended"]) == (1, FRAMES - 1, "failed")


def test_only_a_mistake_of_ours_shows_its_traceback(capsys):
    def mistake():
        raise ValueError("of ours")

    def unforeseen():
        raise PermissionError(13, "Permission denied", "/secret")

    assert exit_code("run_slam", mistake) == 1
    assert "Traceback" in (error := capsys.readouterr().err) and error.endswith("please report the lines above\n")
    assert exit_code("run_slam", unforeseen) == 2
    assert capsys.readouterr().err == "run_slam: [Errno 13] Permission denied: '/secret'\n"
