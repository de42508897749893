"""Calibrations of other programs: samples in the words of each, and what they must mean here."""

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError
from calib.formats.calibration_file import describe_format, read_calibration
from calib.geometry.any_size import AnySizeCamera
from calib.geometry.camera import Camera
from calib.geometry.distortion import to_pixels

BROWN = (-0.28, 0.07, 2e-4, 1.8e-5)
RATIONAL = (0.5, -0.3, 1e-3, 1e-3, 0.1, 0.6, -0.2, 0.05)
FISHEYE = (-0.01, 0.03, -0.02, 0.004)
SAMPLES = {
    "ROS file": ("""image_width: 752
image_height: 480
camera_name: head_camera
camera_matrix:
  rows: 3
  cols: 3
  data: [458., 0., 367., 0., 457., 248., 0., 0., 1.]
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [-0.28, 0.07, 0.0002, 1.8e-05, 0.]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [350, 0, 367, 0, 0, 350, 248, 0, 0, 0, 1, 0]}
""", Camera(752, 480, 458, 457, 367, 248, (*BROWN, 0.0))),
    "ROS message": ("""header:
  stamp: {secs: 0, nsecs: 0}
  frame_id: camera
height: 480
width: 752
distortion_model: "rational_polynomial"
D: [0.5, -0.3, 0.001, 0.001, 0.1, 0.6, -0.2, 0.05]
K: [458.0, 0.0, 367.0, 0.0, 457.0, 248.0, 0.0, 0.0, 1.0]
binning_x: 0
binning_y: 0
roi: {x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false}
---
height: 480
""", Camera(752, 480, 458, 457, 367, 248, RATIONAL)),
    "ROS 2 fisheye": ("""height: 480
width: 752
distortion_model: equidistant
d: [-0.01, 0.03, -0.02, 0.004]
k: [458.0, 0.0, 367.0, 0.0, 457.0, 248.0, 0.0, 0.0, 1.0]
""", Camera(752, 480, 458, 457, 367, 248, FISHEYE, "fisheye")),
    "COLMAP": ("""# Camera list with one line of data per camera:
#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]
# Number of cameras: 1
1 OPENCV 752 480 458 457 367.5 248.5 -0.28 0.07 0.0002 1.8e-05
""", Camera(752, 480, 458, 457, 367, 248, BROWN)),
    "COLMAP radial": ("3 SIMPLE_RADIAL 752 480 458 367.5 248.5 -0.1\n",
                      Camera(752, 480, 458, 458, 367, 248, (-0.1, 0.0, 0.0, 0.0))),
    "COLMAP full": ("1 FULL_OPENCV 752 480 458 457 367.5 248.5 0.5 -0.3 0.001 0.001 0.1 0.6 -0.2 0.05\n",
                    Camera(752, 480, 458, 457, 367, 248, RATIONAL)),
    "COLMAP fisheye": ("1 OPENCV_FISHEYE 752 480 458 457 367.5 248.5 -0.01 0.03 -0.02 0.004\n",
                       Camera(752, 480, 458, 457, 367, 248, FISHEYE, "fisheye")),
    "Kalibr": ("""cam0:
  cam_overlaps: [1]
  camera_model: pinhole
  distortion_coeffs: [-0.28, 0.07, 0.0002, 1.8e-05]
  distortion_model: radtan
  intrinsics: [458.0, 457.0, 367.0, 248.0]
  resolution: [752, 480]
  rostopic: /cam0/image_raw
cam1:
  camera_model: omni
""", Camera(752, 480, 458, 457, 367, 248, BROWN)),
    "Kalibr fisheye": ("""cam0:
  camera_model: pinhole
  distortion_coeffs: [-0.01, 0.03, -0.02, 0.004]
  distortion_model: equidistant
  intrinsics: [458.0, 457.0, 367.0, 248.0]
  resolution: [752, 480]
""", Camera(752, 480, 458, 457, 367, 248, FISHEYE, "fisheye")),
    "EuRoC": ("""%YAML:1.0
# General sensor definitions.
sensor_type: camera
comment: VI-Sensor cam0 (MT9M034)
T_BS:
  cols: 4
  rows: 4
  data: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
rate_hz: 20
resolution: [752, 480]
camera_model: pinhole
intrinsics: [458, 457, 367, 248] #fu, fv, cu, cv
distortion_model: radial-tangential
distortion_coefficients: [-0.28, 0.07, 0.0002, 1.8e-05]
""", Camera(752, 480, 458, 457, 367, 248, BROWN)),
    "ORB-SLAM": ("""%YAML:1.0
File.version: "1.0"
Camera.type: "PinHole"
Camera1.fx: 458.0
Camera1.fy: 457.0
Camera1.cx: 367.0
Camera1.cy: 248.0
Camera1.k1: -0.28
Camera1.k2: 0.07
Camera1.p1: 0.0002
Camera1.p2: 1.8e-05
Camera.width: 752
Camera.height: 480
Camera.fps: 20
""", Camera(752, 480, 458, 457, 367, 248, (*BROWN, 0.0))),
    "TUM": ("458 457 367 248 -0.28 0.07 0.0002 1.8e-05\n752 480\ncrop\n640 480\n",
            Camera(752, 480, 458, 457, 367, 248, BROWN)),
    "TUM shares": ("Pinhole 0.5 0.75 0.5 0.5 0\n752 480\n", Camera(752, 480, 376, 360, 375.5, 239.5)),
    "TUM fisheye": ("KannalaBrandt 458 457 367 248 -0.01 0.03 -0.02 0.004\n752 480\nnone\n752 480\n",
                    Camera(752, 480, 458, 457, 367, 248, FISHEYE, "fisheye")),
    "ours": ("model: fisheye\nwidth: 752\nheight: 480\nfx: 458\nfy: 457\ncx: 367\ncy: 248\n"
             "distortion: [-0.01, 0.03, -0.02, 0.004]\n", Camera(752, 480, 458, 457, 367, 248, FISHEYE, "fisheye"))}


@pytest.fixture
def read(tmp_path):
    """Text -> Calibration."""
    def reading(text):
        (tmp_path / "camera").write_text(text)
        return read_calibration(tmp_path / "camera")
    return reading


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_mean_what_they_should(read, tmp_path, name):
    text, camera = SAMPLES[name]
    calibration = read(text)
    assert calibration.camera == camera and not calibration.says_depth_scale
    kinds = {"ROS": "camera_info", "COL": "COLMAP", "Kal": "Kalibr", "EuR": "EuRoC", "ORB": "ORB-SLAM", "TUM": "TUM",
             "our": "our own"}
    assert kinds[name[:3]] in describe_format(tmp_path / "camera")


@pytest.mark.parametrize("suffix", [".yaml", ".xml", ".json"])
@pytest.mark.parametrize("camera", [Camera(752, 480, 458, 457, 367, 248, (*BROWN, 0.01)),
                                    Camera(752, 480, 458, 457, 367, 248, FISHEYE, "fisheye")], ids=lambda c: c.model)
def test_what_opencv_writes_is_read(tmp_path, suffix, camera):
    path = tmp_path / f"camera{suffix}"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", camera.width)
    storage.write("image_height", camera.height)
    storage.write("fisheye_model", int(camera.model == "fisheye"))
    storage.write("camera_matrix", camera.K)
    storage.write("distortion_coefficients", np.array([camera.distortion]).T)
    storage.release()
    assert read_calibration(path).camera == camera


def test_orb_slam_says_how_depth_counts(read):
    text, camera = SAMPLES["ORB-SLAM"]
    calibration = read(text.replace("Camera1", "Camera") + "DepthMapFactor: 5000.0\n")
    assert calibration.depth_scale == 5000 and calibration.says_depth_scale and calibration.camera == camera


def test_field_of_view_model_of_tum_becomes_a_fisheye(read):
    """Against the model's own formula (Devernay 2001), to a fifth of a pixel everywhere in the image."""
    omega = 0.93
    camera = read(f"0.35 0.56 0.5 0.5 {omega}\n1280 1024\ncrop\n640 480\n").camera
    assert camera.model == "fisheye"
    theta = np.linspace(0.01, np.radians(60), 50)
    bent = np.arctan(2 * np.tan(theta) * np.tan(omega / 2)) / omega
    pixels = to_pixels(camera, np.stack([np.tan(theta), 0 * theta], -1))
    assert np.abs(pixels[:, 0] - (0.35 * 1280 * bent + 639.5)).max() < 0.2


def test_a_field_of_view_alone_fits_every_size(read):
    camera = read("fov: 90\n").camera
    assert isinstance(camera, AnySizeCamera)
    fitted = camera.fitted_to((480, 640))
    assert fitted.fx == fitted.fy == pytest.approx(320) and (fitted.cx, fitted.cy) == (319.5, 239.5)
    assert camera.fitted_to((640, 360)).fx == pytest.approx(320)


@pytest.mark.parametrize("text, says", [
    (SAMPLES["ROS file"][0].replace("plumb_bob", "thin_prism"), "distortion model 'thin_prism' is not known"),
    (SAMPLES["ROS file"][0].replace("distortion_coefficients", "lens"), "lacks distortion_coefficients"),
    (SAMPLES["ROS file"][0].replace("cols: 3\n  data: [458., ", "cols: 3\n  data: ["), "takes 9 numbers"),
    (SAMPLES["ROS message"][0].replace("binning_x: 0", "binning_x: 2"), "binning"),
    (SAMPLES["ROS message"][0].replace("x_offset: 0", "x_offset: 8"), "regions of interest"),
    (SAMPLES["Kalibr"][0].replace("pinhole", "ocam"), "'ocam' is not supported"),
    (SAMPLES["Kalibr"][0].replace("pinhole", "omni"), "intrinsics takes 5 numbers"),
    (SAMPLES["Kalibr"][0].replace("intrinsics", "numbers"), "lacks intrinsics"),
    (SAMPLES["EuRoC"][0].replace("radial-tangential", "fov"), "'fov' is not supported"),
    (SAMPLES["COLMAP"][0].replace("OPENCV", "THIN_PRISM_FISHEYE"), "THIN_PRISM_FISHEYE is not known"),
    (SAMPLES["COLMAP"][0].replace(" 1.8e-05", ""), "OPENCV takes fx fy cx cy k1 k2 p1 p2"),
    (SAMPLES["COLMAP"][0] + "2 PINHOLE 752 480 500 500 376 240\n", "2 different cameras"),
    (SAMPLES["TUM"][0].replace("458", "-458"), "focal length"),
    ("FOV 0.3 0.5 0.5 0.5 4\n640 480\n", "omega of the FOV model lies between 0 and pi"),
    (SAMPLES["ORB-SLAM"][0].replace("Camera1.cx: 367.0\n", ""), "lacks Camera1.cx"),
    (SAMPLES["ORB-SLAM"][0].replace("PinHole", "Omni"), "'Omni' is not known"),
    ("%YAML:1.0\nK: !!opencv-matrix\n   rows: 3\n   cols: 3\n   dt: d\n   data: [1, 2", "is not YAML"),
    ("<?xml version=\"1.0\"?><opencv_storage><K type_id=\"opencv-matrix\"><rows>3", "damaged"),
    ("%YAML:1.0\n---\nQ: !!opencv-matrix\n   rows: 1\n   cols: 1\n   dt: d\n   data: [1.]\n", "no camera matrix"),
    ("fov: 200\n", "between 1 and 170 degrees"),
    ("fov: 60\nfx: 100\n", "lacks fy")])
def test_what_is_wrong_is_told_in_one_line(read, text, says):
    with pytest.raises(CalibrationError) as caught:
        read(text)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_damaged_files_end_in_one_line(read):
    """Cut off, or with bytes changed, at random: either it still is a calibration, or one line says what is wrong."""
    random = np.random.default_rng(3)
    for text, _ in SAMPLES.values():
        for _ in range(15):
            damaged = list(text[: random.integers(1, len(text))] if random.random() < 0.5 else text)
            for place in random.integers(0, len(damaged), random.integers(0, 4)):
                damaged[place] = chr(random.integers(1, 127))
            try:
                read("".join(damaged))
            except CalibrationError as error:
                assert "\n" not in str(error)
