"""Noisy copies of a recording, in TUM layout, so that nobody has to believe a single run of a deterministic program."""

from pathlib import Path

import cv2
import numpy as np

from calib.files.atomic_file import write_file
from calib.files.image_file import encode_png
from calib.files.tum_files import trajectory_text
from calib.formats.calibration_file import Calibration, write_calibration
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions

NOISE_LEVELS = 4.0
"""Standard deviation of the noise, in grey levels of 255: that of a camera indoors in the evening."""
UNITS_PER_M = 1000.0


def noisy_copy(source: str, folder: Path, seed: int, max_frames: int | None = None) -> str:
    """Write the frames with Gaussian noise in every colour of every pixel, camera and ground truth -> its source.

    A copy that is whole already is kept: its list of images is written last."""
    index = folder / "rgb.txt"
    if index.is_file():
        return f"tum:{folder}"
    sequence, rng = open_sequence(source, SourceOptions(max_frames=max_frames)), np.random.default_rng(seed)
    lines = []
    for frame in sequence:
        noise = rng.standard_normal(frame.rgb.shape, np.float32) * np.float32(NOISE_LEVELS)
        rgb = np.rint(frame.rgb + noise).clip(0, 255).astype(np.uint8)
        name = f"rgb/{frame.timestamp_s:.6f}.png"
        write_file(folder / name, encode_png(rgb, (cv2.IMWRITE_PNG_COMPRESSION, 1)))
        lines.append(f"{frame.timestamp_s:.6f} {name}\n")
    write_calibration(folder / "calibration.yaml", Calibration(sequence.camera, UNITS_PER_M))
    if sequence.ground_truth is not None:
        write_file(folder / "groundtruth.txt", trajectory_text(*sequence.ground_truth))
    write_file(index, "".join(lines).encode())
    return f"tum:{folder}"
