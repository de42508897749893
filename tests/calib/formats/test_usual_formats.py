"""Calibrations as people have them: further keys, sizes left out, binary, nested, plain numbers."""

import json
import struct

import numpy as np
import pytest

from calib.base.errors import CalibrationError
from calib.formats.calibration_file import describe_format, read_calibration
from calib.geometry.any_size import AnySizeCamera, UnsizedCamera
from calib.geometry.camera import Camera
from calib.geometry.distortion import to_pixels

BROWN = (-0.28, 0.07, 2e-4, 1.8e-5)
FISHEYE = (-0.01, 0.03, -0.02, 0.004)
PLAIN = Camera(640, 480, 525, 524, 319.5, 239.5)
BENT = Camera(640, 480, 525, 524, 319.5, 239.5, BROWN)
FISH = Camera(640, 480, 525, 524, 319.5, 239.5, FISHEYE, "fisheye")
NUMBERS = {"fx": 525, "fy": 524, "cx": 319.5, "cy": 239.5}
SIZED = {"width": 640, "height": 480}
K_ROWS = [[525, 0, 319.5], [0, 524, 239.5], [0, 0, 1]]
K_COLUMNS = [525, 0, 0, 0, 524, 0, 319.5, 239.5, 1]
OPENCV_K = """K: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [525., 0., 319.5, 0., 524., 239.5, 0., 0., 1.]
"""
SAMPLES = {
    "ROS camera_model": ("""image_width: 640
image_height: 480
camera_matrix: {rows: 3, cols: 3, data: [525, 0, 319.5, 0, 524, 239.5, 0, 0, 1]}
camera_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [-0.28, 0.07, 0.0002, 1.8e-05, 0.0]}
""", Camera(640, 480, 525, 524, 319.5, 239.5, (*BROWN, 0.0)), "ROS"),
    "ROS ost.txt": ("""# oST version 5.0 parameters


[image]

width
640

height
480

[narrow_stereo]

camera matrix
525.000000 0.000000 319.500000
0.000000 524.000000 239.500000
0.000000 0.000000 1.000000

distortion
-0.280000 0.070000 0.000200 0.000018 0.000000

rectification
1.000000 0.000000 0.000000
0.000000 1.000000 0.000000
0.000000 0.000000 1.000000

projection
500.000000 0.000000 319.500000 0.000000
0.000000 500.000000 239.500000 0.000000
0.000000 0.000000 1.000000 0.000000
""", Camera(640, 480, 525, 524, 319.5, 239.5, (*BROWN, 0.0)), "ost.txt"),
    "ORB-SLAM stereo": ("%YAML:1.0\nCamera.fx: 525\nCamera.fy: 524\nCamera.cx: 319.5\nCamera.cy: 239.5\n"
                        "Camera.width: 640\nCamera.height: 480\nLEFT." + OPENCV_K, PLAIN, "ORB-SLAM"),
    "ORB-SLAM3 inertial": ('%YAML:1.0\nCamera.type: "KannalaBrandt8"\nCamera1.fx: 525\nCamera1.fy: 524\n'
                           "Camera1.cx: 319.5\nCamera1.cy: 239.5\nCamera1.k1: -0.01\nCamera1.k2: 0.03\n"
                           "Camera1.k3: -0.02\nCamera1.k4: 0.004\nCamera.width: 640\nCamera.height: 480\n"
                           "IMU.T_b_c1: !!opencv-matrix\n   rows: 1\n   cols: 1\n   dt: f\n   data: [1.]\n",
                           FISH, "ORB-SLAM"),
    "stella_vslam": ("Camera:\n  name: TUM\n  setup: monocular\n  model: perspective\n  fx: 525\n  fy: 524\n"
                     "  cx: 319.5\n  cy: 239.5\n  k1: 0\n  cols: 640\n  rows: 480\n  color_order: RGB\n"
                     "Feature:\n  name: default\n", PLAIN, "stella_vslam"),
    "VINS": ("%YAML:1.0\n---\nmodel_type: PINHOLE\ncamera_name: camera\nimage_width: 640\nimage_height: 480\n"
             "distortion_parameters:\n   k1: -0.28\n   k2: 0.07\n   p1: 0.0002\n   p2: 1.8e-05\n"
             "projection_parameters:\n   fx: 525\n   fy: 524\n   cx: 319.5\n   cy: 239.5\n"
             "extrinsicRotation: !!opencv-matrix\n   rows: 1\n   cols: 1\n   dt: d\n   data: [1.]\n", BENT, "VINS"),
    "VINS fisheye": ("%YAML:1.0\n---\nmodel_type: KANNALA_BRANDT\nimage_width: 640\nimage_height: 480\n"
                     "projection_parameters:\n   k2: -0.01\n   k3: 0.03\n   k4: -0.02\n   k5: 0.004\n   mu: 525\n"
                     "   mv: 524\n   u0: 319.5\n   v0: 239.5\n", FISH, "VINS"),
    "KITTI": ("P0: 721 0 609 0 0 721 172 0 0 0 1 0\nP1: 721 0 609 -300 0 721 172 0 0 0 1 0\n"
              "Tr: 1 0 0 0 0 1 0 0 0 0 1 0\n",
              UnsizedCamera(1219, 345, 721, 721, 609, 172), "KITTI"),
    "KITTI raw": ("calib_time: 09-Jan-2012 13:57:47\nS_rect_02: 6.40e+02 4.80e+02\n"
                  "P_rect_02: 525 0 319.5 45 0 524 239.5 0 0 0 1 0\n", PLAIN, "KITTI"),
    "Open3D": (json.dumps({**SIZED, "intrinsic_matrix": K_COLUMNS}), PLAIN, "usual names"),
    "Open3D parameters": (json.dumps({"class_name": "PinholeCameraParameters", "extrinsic": [0] * 16,
                                      "intrinsic": {**SIZED, "intrinsic_matrix": K_COLUMNS}}), PLAIN, "usual names"),
    "Polycam": (json.dumps({**NUMBERS, **SIZED, "blur_score": 12.5, "t_00": 1, "timestamp": 12}), PLAIN, "usual names"),
    "RealSense": (json.dumps({**SIZED, "fx": 525, "fy": 524, "ppx": 319.5, "ppy": 239.5,
                              "model": "distortion.inverse_brown_conrady", "coeffs": [0, 0, 0, 0, 0]}), PLAIN,
                  "usual names"),
    "3D Scanner App": (json.dumps({"time": 1.5, "cameraPoseARFrame": [0] * 16, "frame_index": 7,
                                   "intrinsics": [525, 0, 319.5, 0, 524, 239.5, 0, 0, 1]}),
                       UnsizedCamera(640, 480, 525, 524, 319.5, 239.5), "usual names"),
    "two cameras": (json.dumps({"depth_camera": {**NUMBERS, **SIZED, "fx": 365},
                                "color_camera": {**NUMBERS, **SIZED}}), PLAIN, "usual names"),
    "MASt3R-SLAM": ("width: 640\nheight: 480\ncalibration: [525, 524, 319.5, 239.5, -0.28, 0.07, 0.0002, 1.8e-05]\n",
                    BENT, "usual names"),
    "OpenCV matrix under another name": ("%YAML:1.0\n---\nimage_Size: [640, 480]\nCM1" + OPENCV_K[1:], PLAIN,
                                         "FileStorage"),
    "nested list of rows": (json.dumps({"calibration": {"camera_matrix": K_ROWS, "image_size": [640, 480],
                                                        "dist_coeffs": [list(BROWN)]}}), BENT, "usual names"),
    "nerfstudio": (json.dumps({"camera_model": "OPENCV", "fl_x": 525, "fl_y": 524, "cx": 320, "cy": 240, "w": 640,
                               "h": 480, "k1": -0.28, "k2": 0.07, "p1": 0.0002, "p2": 1.8e-05, "frames": []}), BENT,
                   "nerfstudio"),
    "nerfstudio by frame": (json.dumps({"camera_model": "OPENCV_FISHEYE", "frames": [
        {"file_path": f"images/{k}.jpg", "fl_x": 525 + k, "fl_y": 524, "cx": 320, "cy": 240, "w": 640, "h": 480,
         **dict(zip(("k1", "k2", "k3", "k4"), FISHEYE))} for k in (-1, 0, 1)]}), FISH, "nerfstudio"),
    "Basalt": (json.dumps({"value0": {"T_imu_cam": [{}], "resolution": [[640, 480], [640, 480]], "intrinsics": [
        {"camera_type": "kb4", "intrinsics": {**NUMBERS, **dict(zip(("k1", "k2", "k3", "k4"), FISHEYE))}}]}}), FISH,
        "Basalt"),
    "DROID-SLAM": ("525 524 319.5 239.5 -0.28 0.07 0.0002 1.8e-05\n",
                   UnsizedCamera(640, 480, 525, 524, 319.5, 239.5, BROWN), "plain"),
    "one number a line": ("525\n524\n319.5\n239.5\n", UnsizedCamera(640, 480, 525, 524, 319.5, 239.5), "plain"),
    "3x3": ("525 0 319.5\n0 524 239.5\n0 0 1\n", UnsizedCamera(640, 480, 525, 524, 319.5, 239.5), "plain"),
    "printed": ("[[525.   0.  319.5]\n [  0.  524.  239.5]\n [  0.    0.    1. ]]\n",
                UnsizedCamera(640, 480, 525, 524, 319.5, 239.5), "plain"),
    "4x4": ("525,0,319.5,0\n0,524,239.5,0\n0,0,1,0\n0,0,0,1\n", UnsizedCamera(640, 480, 525, 524, 319.5, 239.5),
            "plain"),
    "size and 3x3": ("640 480\n525 0 319.5\n0 524 239.5\n0 0 1\n", PLAIN, "plain"),
    "six numbers": ("640 480 525 524 319.5 239.5\n", PLAIN, "plain"),
    "Bouguet": ("%-- Focal length:\nfc = [ 525.0 ; 524.0 ];\ncc = [ 319.5 ; 239.5 ];\nalpha_c = 0.0;\n"
                "kc = [ -0.28 ; 0.07 ; 0.0002 ; 1.8e-05 ; 0.0 ];\nnx = 640;\nny = 480;\nomc_1 = [ NaN ; 1 ; 2 ];\n",
                Camera(640, 480, 525, 524, 319.5, 239.5, (*BROWN, 0.0)), "MATLAB"),
    "Middlebury": ("cam0=[525 0 319.5; 0 524 239.5; 0 0 1]\ncam1=[525 0 330; 0 524 239.5; 0 0 1]\ndoffs=11\n"
                   "width=640\nheight=480\n", PLAIN, "Middlebury")}
WITH_SCALE = {
    "NICE-SLAM": ("cam:\n  H: 480\n  W: 640\n  fx: 525\n  fy: 524\n  cx: 319.5\n  cy: 239.5\n"
                  "  png_depth_scale: 6553.5\n  crop_edge: 0\nmapping: {bound: [[1, 2]]}\n", 6553.5),
    "MonoGS": ("Dataset:\n  type: tum\n  Calibration:\n    fx: 525\n    fy: 524\n    cx: 319.5\n    cy: 239.5\n"
               "    k1: 0.0\n    k2: 0.0\n    p1: 0.0\n    p2: 0.0\n    k3: 0.0\n    width: 640\n    height: 480\n"
               "    depth_scale: 5000.0\n    distorted: False\n", 5000),
    "Replica": (json.dumps({"camera": {"w": 640, "h": 480, **NUMBERS, "scale": 6553.5}}), 6553.5),
    "metres per unit": (json.dumps({**NUMBERS, **SIZED, "name": "D435", "depth_scale": 0.001}), 1000)}
RADIAL = {  # text, what the ray at theta is off the principal point, in pixels
    "Basalt double sphere": (json.dumps({"value0": {"resolution": [[640, 480]], "intrinsics": [
        {"camera_type": "ds", "intrinsics": {"fx": 300, "fy": 300, "cx": 319.5, "cy": 239.5, "xi": -0.2,
                                             "alpha": 0.55}}]}}),
        lambda s, c: 300 * s / (0.55 * np.hypot(s, c - 0.2) + 0.45 * (c - 0.2))),
    "Kalibr omni": ("cam0:\n  camera_model: omni\n  distortion_model: radtan\n  distortion_coeffs: [-0.1, 0.01, 0, 0]\n"
                    "  intrinsics: [1.2, 700, 700, 319.5, 239.5]\n  resolution: [640, 480]\n",
                    lambda s, c: 700 * (r := s / (c + 1.2)) * (1 - 0.1 * r**2 + 0.01 * r**4)),
    "Kalibr eucm": ("cam0:\n  camera_model: eucm\n  intrinsics: [0.6, 1.1, 300, 300, 319.5, 239.5]\n"
                    "  resolution: [640, 480]\n",
                    lambda s, c: 300 * s / (0.6 * np.sqrt(1.1 * s * s + c * c) + 0.4 * c))}


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "camera"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path
    return write


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_mean_what_they_should(written, name):
    text, camera, kind = SAMPLES[name]
    calibration = read_calibration(written(text))
    assert calibration.camera == camera and type(calibration.camera) is type(camera)
    assert not calibration.says_depth_scale and kind in describe_format(written(text))


@pytest.mark.parametrize("name", WITH_SCALE)
def test_units_of_depth_come_along(written, name):
    text, scale = WITH_SCALE[name]
    calibration = read_calibration(written(text))
    assert calibration.camera == PLAIN and calibration.says_depth_scale and calibration.depth_scale == scale


@pytest.mark.parametrize("name", RADIAL)
def test_other_lens_models_become_the_nearest_fisheye(written, name):
    text, radius_px = RADIAL[name]
    camera = read_calibration(written(text)).camera
    theta = np.linspace(0.01, np.radians(50), 40)
    pixels = to_pixels(camera, np.stack([np.tan(theta), 0 * theta], -1))
    assert camera.model == "fisheye"
    assert np.abs(pixels[:, 0] - 319.5 - radius_px(np.sin(theta), np.cos(theta))).max() < 0.3


def test_a_field_of_view_of_rendered_scenes(written):
    frame = {"file_path": "./train/r_0", "rotation": 0.01}
    text = json.dumps({"camera_angle_x": 0.6911112070083618, "frames": [frame]})
    camera = read_calibration(written(text)).camera
    assert isinstance(camera, AnySizeCamera) and camera.fitted_to((800, 800)).fx == pytest.approx(1111.11, abs=0.01)


def colmap_binary(*cameras):
    """Of (id, model, width, height, parameters)."""
    return struct.pack("<Q", len(cameras)) + b"".join(
        struct.pack(f"<IiQQ{len(values)}d", key, model, width, height, *values)
        for key, model, width, height, values in cameras)


def test_colmap_in_binary_and_by_its_folder(written, tmp_path):
    opencv = 1, 4, 640, 480, (525, 524, 320, 240, *BROWN)
    assert read_calibration(written(colmap_binary(opencv))).camera == BENT
    (tmp_path / "sparse" / "0").mkdir(parents=True)
    (tmp_path / "sparse" / "0" / "cameras.bin").write_bytes(colmap_binary(opencv))
    assert read_calibration(tmp_path / "sparse" / "0").camera == read_calibration(tmp_path).camera == BENT
    assert "COLMAP" in describe_format(tmp_path)
    with pytest.raises(CalibrationError, match="is cut off"):
        read_calibration(written(colmap_binary(opencv)[:-9]))
    with pytest.raises(CalibrationError, match="number 12 of COLMAP is not known"):
        read_calibration(written(colmap_binary((1, 12, 640, 480, ()))))


def test_a_camera_for_each_image_is_one_camera(written):
    cameras = [(k + 4, 1, 640, 480, (525 + k, 524 + k, 320, 240)) for k in range(-3, 4)]
    assert read_calibration(written(colmap_binary(*cameras))).camera == PLAIN
    with pytest.raises(CalibrationError, match="8 different cameras"):
        read_calibration(written(colmap_binary(*cameras, (9, 1, 640, 480, (700, 700, 320, 240)))))


def test_saved_by_matlab(written, tmp_path):
    from scipy.io import savemat
    savemat(tmp_path / "bouguet.mat", {"fc": [[525], [524]], "cc": [[319.5], [239.5]], "kc": np.zeros((5, 1)),
                                       "nx": 640, "ny": 480})
    assert read_calibration(tmp_path / "bouguet.mat").camera == PLAIN
    own = {"IntrinsicMatrix": np.array([[525, 0, 0], [0, 524, 0], [320.5, 240.5, 1]]), "ImageSize": [480, 640],
           "RadialDistortion": BROWN[:2], "TangentialDistortion": BROWN[2:]}
    savemat(tmp_path / "own.mat", {"params": own})
    assert read_calibration(tmp_path / "own.mat").camera == BENT
    damaged = (tmp_path / "own.mat").read_bytes()[:300]
    with pytest.raises(CalibrationError):
        read_calibration(written(damaged))


@pytest.mark.parametrize("text, says", [
    ("525 0 319.5\n0 524 239.5\n0 1 1\n", "expected an intrinsic matrix"),
    ("525 524 319.5 239.5 1 2\n", "6 numbers, but neither"),
    ("525 524 319.5 239.5 1\n", "5 numbers: expected fx fy cx cy"),
    ("P7: 1 2 3\n", "none of the projections"),
    (SAMPLES["ROS ost.txt"][0].replace("0.000000 524", "524"), "takes 9 numbers"),
    (SAMPLES["VINS"][0].replace("PINHOLE", "SCARAMUZZA"), "SCARAMUZZA is not known"),
    (SAMPLES["VINS"][0].replace("   cx: 319.5\n", ""), "lacks cx"),
    (SAMPLES["stella_vslam"][0].replace("perspective", "equirectangular"), "'equirectangular' is not known"),
    (SAMPLES["nerfstudio"][0].replace("OPENCV", "EQUIRECTANGULAR"), "EQUIRECTANGULAR is not supported"),
    (SAMPLES["Basalt"][0].replace("kb4", "ocam"), "'ocam' is not known"),
    (SAMPLES["Basalt"][0].replace('"k4"', '"k5"'), "lacks k4"),
    (json.dumps({**NUMBERS, **SIZED, "camera_model": "equirectangular"}), "is not supported"),
    (json.dumps({**NUMBERS, "cx": -3, "note": 1}), "a principal point lies within the image"),
    (json.dumps({**NUMBERS, **SIZED, "fx": "wide", "note": 1}), "fx is not a number")])
def test_what_is_wrong_is_told_in_one_line(written, text, says):
    with pytest.raises(CalibrationError) as caught:
        read_calibration(written(text))
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_damaged_files_end_in_one_line(written):
    random = np.random.default_rng(5)
    for text in [sample[0] for samples in (SAMPLES, WITH_SCALE, RADIAL) for sample in samples.values()]:
        for _ in range(3):
            damaged = list(text[: random.integers(1, len(text))] if random.random() < 0.5 else text)
            for place in random.integers(0, len(damaged), random.integers(0, 4)):
                damaged[place] = chr(random.integers(1, 127))
            try:
                read_calibration(written("".join(damaged)))
            except CalibrationError as error:
                assert "\n" not in str(error)
