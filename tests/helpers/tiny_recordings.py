"""Small recordings on disk for the tests of sources."""


import cv2
import numpy as np

from calib.formats.calibration_file import Calibration, write_calibration
from calib.geometry.camera import Camera

SIZE = 24, 32
CAMERA = Camera(32, 24, 30.0, 30.0, 15.5, 11.5)
RATE_HZ = 25
"""Real recordings, which lie outside the project and may be missing."""


def picture(index, size=SIZE):
    """(h, w, 3) uint8 RGB: smooth, a little brighter with each index, red to the right, green to the bottom."""
    v, u = np.mgrid[: size[0], : size[1]]
    return np.stack([u * 200 // size[1], v * 200 // size[0], np.full_like(u, 10 + 4 * index)], -1).astype(np.uint8)


def write_rgb(path, rgb):
    """Save (h, w, 3) uint8 in the format of the suffix."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, rgb[..., ::-1])[1].tobytes())


def write_camera(path, camera=CAMERA, depth_scale=1000.0):
    write_calibration(path, Calibration(camera, depth_scale))


def truncate(path, share=0.6):
    """Cut a file off."""
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])


def write_tum(folder, count=6, interval_s=0.1, depth_size=(12, 16), depth_scale=5000.0):
    """A recording in TUM layout, 0.1 m a frame: image k at k * interval, depth 5 ms later, ground truth 5 ms before."""
    folder.mkdir(exist_ok=True)
    times_s = [k * interval_s for k in range(count)]
    for k in range(count):
        write_rgb(folder / "rgb" / f"{k}.png", picture(k))
        (folder / "depth").mkdir(exist_ok=True)
        cv2.imwrite(str(folder / "depth" / f"{k}.png"), np.full(depth_size, depth_scale * (1 + k), np.uint16))
    write_lines(folder / "rgb.txt", [f"{t:.6f} rgb/{k}.png" for k, t in enumerate(times_s)])
    write_lines(folder / "depth.txt", [f"{t + 0.005:.6f} depth/{k}.png" for k, t in enumerate(times_s)])
    write_lines(folder / "groundtruth.txt", [f"{t - 0.005:.6f} {0.1 * k} 0 0 0 0 0 1" for k, t in enumerate(times_s)])
    write_camera(folder / "calibration.yaml", depth_scale=depth_scale)
    return folder


def write_video(path, count, size=SIZE, codec="MJPG"):
    """A clip at RATE_HZ."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), RATE_HZ, size[::-1])
    for index in range(count):
        writer.write(picture(index, size)[..., ::-1])
    writer.release()
    return path


def write_lines(path, lines):
    path.write_text("# a remark\n" + "".join(f"{line}\n" for line in lines))
