"""A short walk through a synthetic room as a recording on disk."""

import cv2
import numpy as np

from calib.geometry.se3 import to_quaternion
from tests.helpers.tiny_recordings import write_camera, write_lines

FRAMES = 20
SIZE = 160, 120
"""Width and height."""


def write_walk(folder, frames, camera):
    """Frames with exact depth, in TUM layout, depth in millimetres, with ground truth. -> folder"""
    lines = {"rgb": [], "depth": [], "groundtruth": []}
    for name in ("rgb", "depth"):
        (folder / name).mkdir(parents=True)
    for frame in frames:
        file = f"{frame.index}.png"
        cv2.imwrite(str(folder / "rgb" / file), frame.rgb[..., ::-1])
        cv2.imwrite(str(folder / "depth" / file), np.round(1000 * frame.sensor_depth.depth_m).astype(np.uint16))
        for name in ("rgb", "depth"):
            lines[name].append(f"{frame.timestamp_s:.6f} {name}/{file}")
        numbers = " ".join(f"{value:.9f}" for value in np.concatenate(to_quaternion(frame.T_world_cam_true)))
        lines["groundtruth"].append(f"{frame.timestamp_s:.6f} {numbers}")
    for name, text in lines.items():
        write_lines(folder / f"{name}.txt", text)
    write_camera(folder / "calibration.yaml", camera)
    return folder
