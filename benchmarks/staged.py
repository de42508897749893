#!/usr/bin/env python3
"""Stage hard recordings in TUM layout, from a recording (any source) or rendered; the same ones each time.

    python -m benchmarks.staged corridor OUTPUT [--frames 400]
    python -m benchmarks.staged turning OUTPUT [--frames 400]
    python -m benchmarks.staged body|person|slow|portrait|noisy|first-half|second-half OUTPUT --of RECORDING

`body`: a robot's own body over the lower third; mask.png is the mask for it. `person`: somebody walks in front of the
camera, over a third of the view. `slow`: every fifth frame. `portrait`: upright 9:16, enlarged to 720x1280. `noisy`:
another gain, noise and compression. `corridor`: 18 m along plain walls, round a corner. `turning`: looking around over
a desk, 3 mm a frame. Ground truth and depth are kept; what is pasted has depth of its own.
"""

import argparse
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks.staged_figures import Cutout, body, person
from benchmarks.staged_places import corridor, rendered, turning
from benchmarks.variants import write_index
from calib.files.atomic_file import write_file
from calib.files.image_file import encode_png
from calib.files.tum_files import trajectory_text
from calib.formats.calibration_file import Calibration, write_calibration
from calib.geometry.camera import Camera
from sequences.catalogue import open_sequence
from sequences.frame import DepthImage, Frame
from sequences.sequence import SourceOptions

UNITS_PER_M = 1000.0
SLOW_STEP = 5
PORTRAIT = 1280, 720
JPEG_QUALITY = 95
NOISY_JPEG_QUALITY = 55
NOISE_LEVELS = 6.0
GAIN = 0.7
PLACES = {"corridor": corridor, "turning": turning}
Recording = tuple[Camera, Iterable[Frame]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=[*PLACES, *CHANGES])
    parser.add_argument("output", type=Path)
    parser.add_argument("--of", metavar="RECORDING", help="a folder or any other source")
    parser.add_argument("--frames", type=int, metavar="N", help="at most (rendered: 400)")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    if arguments.kind in PLACES:
        place = PLACES[arguments.kind](arguments.frames or 400, arguments.seed)
        write(*rendered(place, arguments.seed), arguments.output)
        return
    if not arguments.of:
        parser.error(f"{arguments.kind} needs --of RECORDING")
    sequence = open_sequence(arguments.of, SourceOptions(depth_every=1))
    frames = islice(sequence, arguments.frames)
    write(*CHANGES[arguments.kind]((sequence.camera, frames), arguments.seed), arguments.output,
          NOISY_JPEG_QUALITY if arguments.kind == "noisy" else JPEG_QUALITY)
    for name in ("groundtruth.txt", "groundtruth_sfm.txt"):  # of all frames, better than those at single frames
        if (Path(arguments.of) / name).is_file():
            shutil.copy(Path(arguments.of) / name, arguments.output / name)
    if arguments.kind == "body":
        write_mask(body(sequence.camera.size, arguments.seed)(0.0), arguments.output / "mask.png")


def write(camera: Camera, frames: Iterable[Frame], folder: Path, quality: int = JPEG_QUALITY) -> None:
    """Frames as a recording in TUM layout, depth at half the resolution of colour as in other recordings."""
    images, depths, poses = [], [], []
    for name in ("rgb", "depth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        images.append((round(frame.timestamp_s, 6), f"rgb/{number:06d}.jpg"))
        cv2.imwrite(str(folder / images[-1][1]), frame.rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        if frame.sensor_depth is not None:
            depths.append((images[-1][0], f"depth/{number:06d}.png"))
            depth_m = frame.sensor_depth.depth_m
            step = 2 if depth_m.shape == frame.rgb.shape[:2] else 1
            depth_u16 = np.clip(np.rint(depth_m[::step, ::step] * UNITS_PER_M), 0, 65535).astype(np.uint16)
            write_file(folder / depths[-1][1], encode_png(depth_u16))
        if frame.T_world_cam_true is not None:
            poses.append((images[-1][0], frame.T_world_cam_true))
    write_index(folder / "rgb.txt", images)
    write_index(folder / "depth.txt", depths)
    if poses:
        times_s, T_world_cam = zip(*poses)
        write_file(folder / "groundtruth.txt", trajectory_text(np.array(times_s), np.array(T_world_cam)))
    write_calibration(folder / "calibration.yaml", Calibration(camera, UNITS_PER_M))


def write_mask(cutout: Cutout, path: Path) -> None:
    """Black where the cutout hides the view, white elsewhere."""
    write_file(path, encode_png(np.where(cutout.is_there, 0, 255).astype(np.uint8)))


def pasted(recording: Recording, figure: Callable[[float], Cutout]) -> Recording:
    """The recording with a figure in front."""
    camera, frames = recording
    return camera, (with_cutout(frame, figure(frame.timestamp_s)) for frame in frames)


def with_cutout(frame: Frame, cutout: Cutout) -> Frame:
    """The frame with something in front, soft at its edge as a lens shows it; sensor depth sees it too."""
    share = cv2.GaussianBlur(cutout.is_there.astype(np.float32), (0, 0), 0.8)[..., None]
    rgb = np.rint(share * cutout.rgb + (1 - share) * frame.rgb).astype(np.uint8)
    depth = frame.sensor_depth
    if depth is not None:
        hidden = cv2.resize(cutout.is_there.astype(np.uint8), depth.depth_m.shape[::-1],
                            interpolation=cv2.INTER_NEAREST)
        depth = replace(depth, depth_m=np.where(hidden, np.float32(cutout.depth_m), depth.depth_m))
    return replace(frame, rgb=rgb, sensor_depth=depth)


def portrait(recording: Recording) -> Recording:
    """The upright middle of the images at 9:16, enlarged."""
    camera, frames = recording
    height, width = PORTRAIT
    columns = round(camera.height * width / height / 2) * 2
    left = (camera.width - columns) // 4 * 2
    crop = replace(camera, width=columns, cx=camera.cx - left)
    return crop.resized(PORTRAIT), (_upright(frame, left, columns, crop) for frame in frames)


def _upright(frame, left, columns, crop):
    rgb = cv2.resize(frame.rgb[:, left:left + columns], PORTRAIT[::-1], interpolation=cv2.INTER_CUBIC)
    depth = frame.sensor_depth
    if depth is not None:
        step = frame.rgb.shape[1] // depth.depth_m.shape[1]
        depth_m = depth.depth_m[:, left // step:(left + columns) // step]
        depth_m = cv2.resize(depth_m, (PORTRAIT[1] // 2, PORTRAIT[0] // 2), interpolation=cv2.INTER_NEAREST)
        depth = DepthImage(depth_m, crop.resized(PORTRAIT).subsampled(depth_m.shape))
    return replace(frame, rgb=rgb, sensor_depth=depth)


def noisy(recording: Recording, seed: int) -> Recording:
    """Another gain, and noise in every pixel."""
    camera, frames = recording
    return camera, (_grainy(frame, np.random.default_rng([seed, frame.index])) for frame in frames)


def _grainy(frame, rng):
    noise = rng.standard_normal(frame.rgb.shape, np.float32) * np.float32(NOISE_LEVELS)
    return replace(frame, rgb=np.rint(GAIN * frame.rgb + noise).clip(0, 255).astype(np.uint8))


def half(recording: Recording, is_second: bool) -> Recording:
    """The first or the second half of the frames."""
    camera, frames = recording
    frames = list(frames)
    middle = len(frames) // 2
    return camera, frames[middle:] if is_second else frames[:middle]


CHANGES: dict[str, Callable[[Recording, int], Recording]] = {
    "body": lambda recording, seed: pasted(recording, body(recording[0].size, seed)),
    "person": lambda recording, seed: pasted(recording, person(recording[0].size, seed)),
    "slow": lambda recording, seed: (recording[0], islice(recording[1], 0, None, SLOW_STEP)),
    "portrait": lambda recording, seed: portrait(recording),
    "noisy": noisy,
    "first-half": lambda recording, seed: half(recording, False),
    "second-half": lambda recording, seed: half(recording, True),
}
"""Kind -> what it makes of a recording, by a seed."""


if __name__ == "__main__":
    main()
