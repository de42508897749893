"""Calibration files: what is written comes back, and what is wrong is named."""


import numpy as np
import pytest

from calib.base.errors import CalibrationError, OutputError
from calib.formats.calibration_file import REQUIRED_FIELDS, Calibration, read_calibration, write_calibration
from calib.geometry.any_size import UnsizedCamera
from calib.geometry.camera import Camera

GOOD = {"width": "640", "height": "480", "fx": "525.5", "fy": "526", "cx": "319.5", "cy": "239.5"}


@pytest.fixture
def file_with(tmp_path):
    """Writes a calibration with some fields changed, or left out where None, and returns its path."""
    def write(**changes):
        path = tmp_path / "camera.yaml"
        fields = {name: text for name, text in (GOOD | changes).items() if text is not None}
        path.write_text("".join(f"{name}: {text}\n" for name, text in fields.items()))
        return path
    return write


def refusal(path):
    """The message of the CalibrationError that reading `path` must end in."""
    with pytest.raises(CalibrationError) as caught:
        read_calibration(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("distortion", [(), (0.1, -0.2, 1e-5, -3e-4), (0.1, -0.2, 0.0, 0.0, 0.05), tuple(range(8))])
def test_files_come_back(tmp_path, distortion):
    camera = Camera(640, 480, 525.123456789012345, 1e2 / 3, 319.5, 239.25, tuple(float(k) for k in distortion))
    calibration = Calibration(camera, 5000.0)
    write_calibration(tmp_path / "camera.yaml", calibration)
    assert read_calibration(tmp_path / "camera.yaml") == calibration


def test_a_fisheye_comes_back(tmp_path):
    calibration = Calibration(Camera(640, 480, 300.5, 301.0, 319.5, 239.25, (0.1, -0.02, 1e-3, -1e-4), "fisheye"))
    write_calibration(tmp_path / "camera.yaml", calibration)
    assert read_calibration(tmp_path / "camera.yaml") == calibration


def test_numpy_numbers_are_written_as_numbers(tmp_path):
    K = np.array([[500.0, 0, 320], [0, 501, 240]])
    camera = Camera(np.int64(640), np.int64(480), K[0, 0], K[1, 1], K[0, 2], K[1, 2], tuple(np.zeros(4)))
    write_calibration(tmp_path / "camera.yaml", Calibration(camera))
    assert read_calibration(tmp_path / "camera.yaml").camera == Camera(640, 480, 500, 501, 320, 240, (0.0,) * 4)


def test_defaults_and_spellings(file_with):
    calibration = read_calibration(file_with())
    assert calibration == Calibration(Camera(640, 480, 525.5, 526, 319.5, 239.5), 1000.0)
    assert isinstance(calibration.camera.width, int) and isinstance(calibration.camera.fy, float)
    assert read_calibration(file_with(fx="5.255e2", width="640.0", model="pinhole", distortion="")) == calibration
    # YAML itself takes an exponent without a point for text
    assert read_calibration(file_with(fy="526e0", depth_scale="5e3")).depth_scale == 5000


@pytest.mark.parametrize("name", REQUIRED_FIELDS)
def test_each_missing_field_is_named(file_with, name):
    text = refusal(file_with(**{name: None}))
    assert f"lacks {name}:" in text and "fx, fy, cx, cy" in text


def test_further_fields_are_no_harm(file_with):
    assert read_calibration(file_with(skew="0", name="phone")).camera == read_calibration(file_with()).camera


def test_a_size_that_is_not_said_is_that_of_the_images(file_with):
    camera = read_calibration(file_with(width=None, height=None)).camera
    assert isinstance(camera, UnsizedCamera) and "does not say" in camera.describe()
    assert camera.fitted_to((480, 640)) == read_calibration(file_with()).camera
    with pytest.raises(CalibrationError, match="not near the middle of 1280x720 images"):
        camera.fitted_to((720, 1280))


def test_several_missing_fields_are_all_named(file_with):
    assert "lacks height, fy, cx:" in refusal(file_with(height=None, fy=None, cx=None))


@pytest.mark.parametrize("changes, says", [
    ({"fx": "wide"}, "fx is not a number: 'wide'"),
    ({"cx": ""}, "cx is not a number"),
    ({"fy": "[500]"}, "fy is not a number"),
    ({"fy": "true"}, "fy is not a number"),
    ({"fx": ".nan"}, "fx is not a number"),
    ({"cy": "-.inf"}, "cy is not a number"),
    ({"width": ".inf"}, "width is not a number"),
    ({"height": "1" + "0" * 400}, "a number of over 308 digits"),
    ({"width": "640.5"}, "width is not a whole number of pixels: 640.5"),
    ({"width": "-640"}, "positive size"),
    ({"height": "0"}, "positive size"),
    ({"fx": "-525"}, "focal length"),
    ({"fy": "0"}, "focal length"),
    ({"distortion": "0.1"}, "distortion takes a list"),
    ({"distortion": "0.1 0.2 0 0"}, "distortion takes a list"),
    ({"distortion": "[0.1, 0.2]"}, "4, 5 or 8 coefficients"),
    ({"distortion": "[0.1, 0.2, a, b]"}, "distortion is not a number: 'a'"),
    ({"distortion": "[0.1, .nan, 0, 0]"}, "distortion is not a number"),
    ({"depth_scale": "0"}, "depth_scale must be positive"),
    ({"depth_scale": "-1000"}, "depth_scale must be positive"),
    ({"depth_scale": ".nan"}, "depth_scale is not a number"),
    ({"depth_scale": "null"}, "depth_scale is not a number"),
    ({"model": "fisheye"}, "takes 4 coefficients (k1 k2 k3 k4), not 0"),
    ({"model": "omni"}, "model 'omni' is not known; known are pinhole, fisheye"),
    ({"distorsion": "[0.1, 0, 0, 0]"}, "unknown field distorsion: is it distortion?"),
    ({"depthscale_": "5000", "depth_skale": "5000"}, "unknown field depth_skale"),
    ({"fx": "2020-13-45"}, "is not YAML")])
def test_wrong_fields_are_named(file_with, changes, says):
    assert says in refusal(file_with(**changes))


@pytest.mark.parametrize("data, says", [
    (b"width: [640\nheight: 480", "is not YAML"),
    (b"\x89PNG\r\n\x1a\n\0\0", "is not YAML"),
    (b"\xff\xfe\x00w", "is not YAML"),
    (b"525 525 320", "no `name: value` lines"),
    (b"- 525\n- 320", "no `name: value` lines"),
    (b"", "no `name: value` lines")])
def test_files_that_are_no_calibration(tmp_path, data, says):
    path = tmp_path / "camera.yaml"
    path.write_bytes(data)
    assert says in refusal(path)


def test_files_that_cannot_be_read_or_written(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert "No such file" in refusal(tmp_path / "none.yaml")
    assert "is a folder without a calibration" in refusal(tmp_path)
    with pytest.raises(OutputError, match="a file in the place of the folder"):
        write_calibration(path / "camera.yaml", Calibration(Camera(4, 3, 1, 1, 1, 1)))
