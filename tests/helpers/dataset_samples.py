"""Small recordings of the synthetic room, each in the format of a dataset.

Each writer makes a folder from a Studio and returns what was handed to run_slam.py, the poses of its colour camera,
and that camera.
"""

import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import cv2
import numpy as np

from calib.geometry import nyu_kinect
from calib.geometry.camera import Camera
from calib.geometry.se3 import inverse, to_quaternion
from tests.helpers import lzfse_blocks
from tests.helpers.tiny_recordings import write_lines

POVRAY = np.diag([1.0, -1.0, 1.0, 1.0])
EUROC_T_BS = np.array([[0.0148655429818, -0.999880929698, 0.00414029679422, -0.0216401454975],
                       [0.999557249008, 0.0149672133247, 0.025715529948, -0.064676986768],
                       [-0.0257744366974, 0.00375618835797, 0.999660727178, 0.00981073058949], [0, 0, 0, 1]])
"""Of the left camera of MH_01_easy."""


class Sample(NamedTuple):
    source: object
    """Path for run_slam.py."""
    T_world_cam: np.ndarray
    camera: Camera
    has_depth: bool = True
    has_ground_truth: bool = True
    may_lack: int = 0
    """Frames at the end that may be missing without a word, where only their time tells."""
    options: Mapping[str, object] = MappingProxyType({})
    """Fields of SourceOptions without which it cannot be read."""


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def write_image(path, image):
    """uint8 RGB or grey, or uint16, in the format of the suffix."""
    bgr = image[..., ::-1] if image.ndim == 3 else image
    quality = [cv2.IMWRITE_JPEG_QUALITY, 98] if path.suffix == ".jpg" else []
    write(path, cv2.imencode(path.suffix, bgr, quality)[1].tobytes())


def matrix(T):
    return "\n".join("\t".join(f"{number:.7e}" for number in row) for row in T) + "\n"


def units(depth_m, per_m):
    return np.round(per_m * depth_m).astype(np.uint16)


def tum_lines(T_world_cam, times):
    return [f"{time} " + " ".join(f"{number:.9f}" for number in np.concatenate(to_quaternion(T)))
            for time, T in zip(times, T_world_cam)]


def nyu_raw(folder, studio):
    """Depth 10 ms after colour, further depth that is nobody's nearest, and an INDEX.txt with empty lines."""
    names = []
    for k, T in enumerate(studio.T_world_cam):
        rgb, _ = studio.shoot(nyu_kinect.NYU_RAW_CAMERA, T)
        _, depth_m = studio.shoot(nyu_kinect.DEPTH_CAMERA, T @ nyu_kinect.T_COLOUR_DEPTH)
        disparity = np.round(nyu_kinect.DEPTH_OFFSET - nyu_kinect.DEPTH_NUMERATOR / depth_m)
        disparity[:, -8:] = 2047
        time_s = 1294886362.238178 + k / 30
        names += [f"r-{time_s:.6f}-{3118787619 + k}.ppm", f"d-{time_s + 0.01:.6f}-{3118787620 + k}.pgm",
                  f"a-{time_s:.6f}-{3118787619 + k}.dump", ""]
        write(folder / names[-4], b"P6\n640 480\n255\n" + rgb.tobytes())
        write(folder / names[-3], b"P5\n640 480\n65535\n" + disparity.astype("<u2").tobytes())
        write(folder / names[-2], bytes(24))
        write(folder / f"d-{time_s + 0.015:.6f}-{3118787625 + k}.pgm", b"")
    write(folder / "INDEX.txt", "\n".join(names))
    return Sample(folder, studio.T_world_cam, nyu_kinect.NYU_RAW_CAMERA, has_ground_truth=False)


def nyu_pairs(folder, studio):
    camera = nyu_kinect.NYU_CAMERA.resized((240, 320))
    for k, T in enumerate(studio.T_world_cam):
        rgb, depth_m = studio.shoot(camera, T)
        rgb[:4], rgb[-4:], rgb[:, :4], rgb[:, -4:] = 255, 255, 255, 255
        write_image(folder / f"rgb_{k + 41:05d}.jpg", rgb)
        write_image(folder / f"sync_depth_{k + 41:05d}.png", units(depth_m, 1000))
    return Sample(folder, studio.T_world_cam, camera, has_ground_truth=False)


def freiburg1(folder, studio):
    """With the header lines of the real files, depth 5 ms late, ground truth 100 times a second."""
    folder = folder.with_name("rgbd_dataset_freiburg1_room")
    camera = Camera(640, 480, 517.3, 516.5, 318.6, 255.3, (0.2624, -0.9531, -0.0054, 0.0026, 1.1633))
    times_s = [1305031910.765238 + k / 30 for k in range(len(studio.T_world_cam))]
    for time_s, T in zip(times_s, studio.T_world_cam):
        rgb, depth_m = studio.shoot(camera, T)
        write_image(folder / "rgb" / f"{time_s:.6f}.png", rgb)
        write_image(folder / "depth" / f"{time_s + 0.005:.6f}.png", units(depth_m, 5000))
    write_lines(folder / "rgb.txt", ["# file: 'rgbd_dataset_freiburg1_room.bag'",
                                     *(f"{t:.6f} rgb/{t:.6f}.png" for t in times_s)])
    write_lines(folder / "depth.txt", [f"{t + 0.005:.6f} depth/{t + 0.005:.6f}.png" for t in times_s])
    write_lines(folder / "groundtruth.txt", tum_lines(studio.T_world_cam, [f"{t:.4f}" for t in times_s]))
    write(folder / "accelerometer.txt", "# timestamp ax ay az\n")
    return Sample(folder, studio.T_world_cam, camera)


def icl_tum_form(folder, studio):
    """Ground truth begins with image 1, poses in POV-Ray's axes."""
    camera = Camera(640, 480, 481.2, 480.0, 319.5, 239.5).resized((240, 320))
    for k, T in enumerate(studio.T_world_cam):
        rgb, depth_m = studio.shoot(camera, T)
        write_image(folder / "rgb" / f"{k + 1}.png", rgb)
        write_image(folder / "depth" / f"{k + 1}.png", units(depth_m, 5000))
    numbers = range(1, len(studio.T_world_cam) + 1)
    write(folder / "associations.txt", "".join(f"{k} depth/{k}.png {k} rgb/{k}.png\n" for k in numbers))
    write(folder / "livingRoom0.gt.freiburg", "\n".join(tum_lines(POVRAY @ studio.T_world_cam @ POVRAY, numbers)))
    return Sample(folder, studio.T_world_cam, camera)


def icl_own_form(folder, studio):
    camera = Camera(640, 480, 481.2, 480.0, 319.5, 239.5)
    for k, T in enumerate(studio.T_world_cam):
        rgb, depth_m = studio.shoot(camera, T)
        distance_m = depth_m * np.linalg.norm(camera.rays(), axis=-1)
        right, up, forward, position = (POVRAY @ T @ POVRAY)[:3].T
        write_image(folder / f"scene_00_{k:04d}.png", rgb)
        write(folder / f"scene_00_{k:04d}.depth", " ".join(map(str, np.round(distance_m, 5).ravel().tolist())) + " ")
        vectors = {"cam_pos": position, "cam_dir": forward, "cam_up": up, "cam_right": 4 / 3 * right}
        write(folder / f"scene_00_{k:04d}.txt", "".join(
            f"{name:<13}= [{', '.join(f'{x:.9g}' for x in vector)}]';\n" for name, vector in vectors.items())
            + "cam_angle    = 90;\n")
    return Sample(folder, studio.T_world_cam, camera)


def seven_scenes(folder, studio):
    """The depth camera 2.25 cm to the left of colour, no reading 65535, poses of the depth camera."""
    folder = folder / "seq-01"
    colour, depth = Camera(640, 480, 530.0, 530.0, 320.0, 240.0), Camera(640, 480, 585.0, 585.0, 320.0, 240.0)
    T_colour_depth = np.eye(4)
    T_colour_depth[0, 3] = -0.0225
    for k, T in enumerate(studio.T_world_cam):
        millimetres = units(studio.shoot(depth, T @ T_colour_depth)[1], 1000)
        millimetres[:, :12] = 65535
        write_image(folder / f"frame-{k:06d}.color.png", studio.shoot(colour, T)[0])
        write_image(folder / f"frame-{k:06d}.depth.png", millimetres)
        write(folder / f"frame-{k:06d}.pose.txt", matrix(T @ T_colour_depth))
    return Sample(folder, studio.T_world_cam, colour)


def scannet(folder, studio):
    """Exported small, with the calibration of the full size; every second frame, as many exports do."""
    full = Camera(1296, 968, 1170.19, 1170.19, 647.75, 483.75)
    colour, depth = full.resized((242, 324)), Camera(640, 480, 577.87, 577.87, 319.5, 239.5).resized((240, 320))
    for k, T in enumerate(studio.T_world_cam):
        write_image(folder / "color" / f"{2 * k}.jpg", studio.shoot(colour, T)[0])
        write_image(folder / "depth" / f"{2 * k}.png", units(studio.shoot(depth, T)[1], 1000))
        write(folder / "pose" / f"{2 * k}.txt", matrix(T))
    for name, fx, cx, cy in (("color", 1170.19, 647.75, 483.75), ("depth", 577.87, 319.5, 239.5)):
        K = np.eye(4)
        K[[0, 1], [0, 1]], K[:2, 2] = fx, (cx, cy)
        write(folder / "intrinsic" / f"intrinsic_{name}.txt", matrix(K))
        write(folder / "intrinsic" / f"extrinsic_{name}.txt", matrix(np.eye(4)))
    return Sample(folder, studio.T_world_cam, colour)


def sens(folder, studio):
    colour, depth = Camera(324, 242, 292.5, 292.5, 161.6, 120.6), Camera(320, 240, 288.9, 288.9, 159.5, 119.5)
    matrices = []
    for camera in (colour, depth):
        K = np.eye(4)
        K[:3, :3] = camera.K
        matrices += [K, np.eye(4)]
    parts = [struct.pack("<IQ", 4, 15), b"StructureSensor", np.float32(matrices).tobytes(), struct.pack(
        "<2i4IfQ", 2, 1, colour.width, colour.height, depth.width, depth.height, 1000.0, len(studio.T_world_cam))]
    for k, T in enumerate(studio.T_world_cam):
        jpeg = cv2.imencode(".jpg", studio.shoot(colour, T)[0][..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
        packed = zlib.compress(units(studio.shoot(depth, T)[1], 1000).astype("<u2").tobytes())
        parts += [np.float32(T).tobytes(), struct.pack("<4Q", 33333 * k + 7, 33333 * k + 9, len(jpeg), len(packed)),
                  jpeg, packed]
    write(folder / "scene0000_00.sens", b"".join(parts) + struct.pack("<Q", 0))
    return Sample(folder, studio.T_world_cam, colour)


def replica(folder, studio):
    camera = Camera(1200, 680, 600.0, 600.0, 599.5, 339.5).resized((204, 360))
    for k, T in enumerate(studio.T_world_cam):
        rgb, depth_m = studio.shoot(camera, T)
        write_image(folder / "room0" / "results" / f"frame{k:06d}.jpg", rgb)
        write_image(folder / "room0" / "results" / f"depth{k:06d}.png", units(depth_m, 6553.5))
    write(folder / "room0" / "traj.txt", "".join(
        " ".join(f"{number:.18e}" for number in T.ravel()) + "\n" for T in studio.T_world_cam))
    write(folder / "cam_params.json", json.dumps({"camera": {
        "w": camera.width, "h": camera.height, "fx": camera.fx, "fy": camera.fy, "cx": camera.cx, "cy": camera.cy,
        "scale": 6553.5}}))
    return Sample(folder / "room0", studio.T_world_cam, camera)


def sensor_yaml(T_body_sensor, more=""):
    numbers = ", ".join(f"{number:.13g}" for number in T_body_sensor.ravel())
    return f"%YAML:1.0\n# Sensor.\nsensor_type: camera\nT_BS:\n  cols: 4\n  rows: 4\n  data: [{numbers}]\n{more}"


def euroc(folder, studio):
    """Grey images, the poses of the body 200 times a second, behind headers; lines end as on Windows, as they do."""
    folder, start_ns = folder.with_name("MH_01_easy"), 1403636579763555584
    camera = Camera(752, 480, 458.654, 457.296, 367.215, 248.375, (-0.28340811, 0.07395907, 0.00019359, 1.76187114e-05))
    times_ns = [start_ns + 50_000_000 * k for k in range(len(studio.T_world_cam))]
    rows = []
    for time_ns, T in zip(times_ns, studio.T_world_cam):
        grey = cv2.cvtColor(studio.shoot(camera, T)[0], cv2.COLOR_RGB2GRAY)
        write_image(folder / "mav0" / "cam0" / "data" / f"{time_ns}.png", grey)
        (x, y, z), (qx, qy, qz, qw) = to_quaternion(T @ inverse(EUROC_T_BS))
        rows.append(f"{time_ns},{x:.9f},{y:.9f},{z:.9f},{qw:.9f},{qx:.9f},{qy:.9f},{qz:.9f}" + 9 * ",0.0")
    write(folder / "mav0" / "cam0" / "data.csv", "#timestamp [ns],filename\r\n" + "".join(
        f"{time_ns},{time_ns}.png\r\n" for time_ns in times_ns))
    write(folder / "mav0" / "cam0" / "sensor.yaml", sensor_yaml(EUROC_T_BS, (
        "rate_hz: 20\nresolution: [752, 480]\ncamera_model: pinhole\n"
        "intrinsics: [458.654, 457.296, 367.215, 248.375] #fu, fv, cu, cv\ndistortion_model: radial-tangential\n"
        "distortion_coefficients: [-0.28340811, 0.07395907, 0.00019359, 1.76187114e-05]\n")))
    ground_truth = folder / "mav0" / "state_groundtruth_estimate0"
    write(ground_truth / "data.csv", "#timestamp, p_RS_R_x [m], p_RS_R_y [m]\r\n" + "\r\n".join(rows))
    write(ground_truth / "sensor.yaml", sensor_yaml(np.eye(4)))
    return Sample(folder, studio.T_world_cam, camera, has_depth=False)


def kitti(folder, studio):
    """Colour 6 cm next to the grey camera that the poses are of."""
    camera = Camera(310, 94, 180.0, 180.0, 152.0, 46.0)
    P = {"P0": np.column_stack([camera.K, np.zeros(3)]), "P2": np.column_stack([camera.K, camera.K @ [0.06, 0, 0]])}
    T_cam2_cam0 = np.eye(4)
    T_cam2_cam0[0, 3] = 0.06
    sequence = folder / "sequences" / "03"
    for k, T in enumerate(studio.T_world_cam):
        write_image(sequence / "image_2" / f"{k:06d}.png", studio.shoot(camera, T)[0])
    write(sequence / "calib.txt", "".join(f"{name}: {' '.join(f'{number:.12e}' for number in matrix.ravel())}\n"
                                          for name, matrix in P.items()))
    write(sequence / "times.txt", "".join(f"{k / 30:.6e}\n" for k in range(len(studio.T_world_cam))))
    T_first_cam0 = inverse(studio.T_world_cam[0] @ T_cam2_cam0) @ studio.T_world_cam @ T_cam2_cam0
    write(folder / "poses" / "03.txt", "".join(
        " ".join(f"{number:.9e}" for number in T[:3].ravel()) + "\n" for T in T_first_cam0))
    return Sample(sequence, studio.T_world_cam, camera, has_depth=False)


def stray_scanner(folder, studio):
    """The video is tagged to be turned upright, as phones do; one column of depth is not to be trusted."""
    camera = Camera(1920, 1440, 1350.0, 1350.0, 959.5, 719.5).resized((360, 480))
    depth_camera = camera.resized((96, 128))
    folder.mkdir(parents=True, exist_ok=True)
    video = cv2.VideoWriter(str(folder / "rgb.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 60, (480, 360))
    rows = ["timestamp, frame, x, y, z, qx, qy, qz, qw"]
    for k, T in enumerate(studio.T_world_cam):
        video.write(studio.shoot(camera, T)[0][..., ::-1])
        confidence = np.full((96, 128), 2, np.uint8)
        confidence[:, 5] = 0
        write_image(folder / "depth" / f"{k:06d}.png", units(studio.shoot(depth_camera, T)[1], 1000))
        write_image(folder / "confidence" / f"{k:06d}.png", confidence)
        rows.append(f"{71521.25 + k / 30}, {k:06d}, " + ", ".join(f"{x:.8f}" for x in np.concatenate(to_quaternion(T))))
    video.release()
    turn_upright(folder / "rgb.mp4")
    write(folder / "odometry.csv", "\n".join(rows) + "\n")
    write(folder / "camera_matrix.csv", "\n".join(", ".join(map(str, row)) for row in camera.K.tolist()))
    return Sample(folder, studio.T_world_cam, camera)


def record3d(folder, studio):
    """Upright images, as the app turns them, of a focal length that follows the focus; one column is not to be trusted
    and one has no depth."""
    camera = Camera(720, 960, 670.0, 670.0, 359.5, 479.5).resized((320, 240))
    depth_camera, count = camera.resized((128, 96)), len(studio.T_world_cam)
    folder.mkdir(parents=True, exist_ok=True)
    poses = [to_quaternion(T @ np.diag([1, -1, -1, 1])) for T in studio.T_world_cam]
    metadata = {"w": 240, "h": 320, "fps": 60, "dw": 96, "dh": 128, "K": camera.K.T.ravel().tolist(), "initPose": [],
                "poses": [[*quat_xyzw, *t_m] for t_m, quat_xyzw in poses],
                "frameTimestamps": [k / 30 for k in range(count)],
                "perFrameIntrinsicCoeffs": [[camera.fx + focus, camera.fy + focus, camera.cx, camera.cy]
                                            for focus in range(-(count // 2), count - count // 2)]}
    with zipfile.ZipFile(folder / "walk.r3d", "w") as archive:
        archive.writestr("metadata", json.dumps(metadata))
        for k, T in enumerate(studio.T_world_cam):
            depth_m, confidence = studio.shoot(depth_camera, T)[1], np.full((128, 96), 2, np.uint8)
            depth_m[:, 4], confidence[:, 5] = np.nan, 0
            jpeg = cv2.imencode(".jpg", studio.shoot(camera, T)[0][..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1]
            archive.writestr(f"rgbd/{k}.jpg", jpeg.tobytes())
            archive.writestr(f"rgbd/{k}.depth", lzfse_blocks.compress(depth_m.astype("<f4").tobytes()))
            archive.writestr(f"rgbd/{k}.conf", lzfse_blocks.compress(confidence.tobytes()))
    return Sample(folder / "walk.r3d", studio.T_world_cam, camera)


def turn_upright(path):
    """Set the display matrix of an MP4's track to a quarter turn (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    data[place: place + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(data))


WRITERS = {"nyu_raw": ("nyu", nyu_raw), "nyu_pairs": ("nyu", nyu_pairs), "freiburg1": ("tum", freiburg1),
           "icl_tum_form": ("icl", icl_tum_form), "icl_own_form": ("icl", icl_own_form),
           "seven_scenes": ("7scenes", seven_scenes), "scannet": ("scannet", scannet), "sens": ("scannet", sens),
           "replica": ("replica", replica), "euroc": ("euroc", euroc), "kitti": ("kitti", kitti),
           "stray_scanner": ("phone", stray_scanner), "record3d": ("phone", record3d)}
"""Sample -> (name of its source, writer)."""
WITH_DEPTH = [name for name in WRITERS if name not in ("euroc", "kitti")]
WITH_GROUND_TRUTH = [name for name in WRITERS if not name.startswith("nyu")]
IN_FILES = [name for name in WRITERS if name not in ("sens", "stray_scanner", "record3d")]
"""Samples whose images are files."""
SAMPLE_FRAMES = 5
