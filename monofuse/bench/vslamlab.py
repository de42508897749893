"""Entry point for VSLAM-LAB: `python -m monofuse.bench.vslamlab --sequence_path ...`, as it starts its baselines.

A sequence there is calibration.yaml and rgb.csv (`ts_rgb_0 (ns)`, `path_rgb_0`); what it wants is a trajectory in
`EXP_FOLDER/0000N_KeyFrameTrajectory.csv`, in nanoseconds, camera to world.
"""

import csv
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from calib.base.command_line import OneLineParser, exit_code, path_of
from calib.base.errors import CalibrationError, SourceError
from calib.files.tum_files import read_trajectory
from calib.formats.calibration_file import Calibration, write_calibration
from calib.geometry.camera import Camera
from calib.geometry.se3 import to_quaternion
from monofuse.run import main as run

HEADER = ("ts (ns)", "tx (m)", "ty (m)", "tz (m)", "qx", "qy", "qz", "qw")
"""That of its own groundtruth.csv."""
MODELS = {"pinhole": "pinhole", "none": "pinhole", "radtan4": "pinhole", "radtan5": "pinhole", "equid4": "fisheye"}
"""Kinds of distortion there -> our camera models."""
PROGRAM = "python -m monofuse.bench.vslamlab"


def main(argv: Sequence[str] | None = None) -> int:
    """-> exit code."""
    return exit_code("vslamlab", lambda: _main(argv))


def _main(argv):
    parser = OneLineParser(prog=PROGRAM, description=__doc__)
    for name in ("sequence_path", "calibration_yaml", "rgb_csv", "exp_folder"):
        parser.add_argument(f"--{name}", type=path_of, required=True)
    parser.add_argument("--exp_it", default="0")
    parser.add_argument("--settings_yaml", type=path_of, help="its `cam_mono` names the camera (default: rgb_0)")
    parser.add_argument("--mode", choices=("mono",), default="mono")
    parser.add_argument("--verbose", default="0", help="has no effect: there is nobody who looks")
    arguments, options = parser.parse_known_args(argv)
    name = str(_yaml(arguments.settings_yaml).get("cam_mono", "rgb_0")) if arguments.settings_yaml else "rgb_0"
    with tempfile.TemporaryDirectory(prefix="monofuse-") as scratch:
        recording, result = Path(scratch, "recording"), arguments.exp_folder / f"{arguments.exp_it.zfill(5)}_monofuse"
        times_ns = write_recording(recording, arguments.sequence_path, arguments.rgb_csv,
                                   camera_of(_yaml(arguments.calibration_yaml), name), name)
        code = run([f"tum:{recording}", "--output", str(result), *options], PROGRAM)
        if code == 0:
            write_trajectory(result / "trajectory.txt", times_ns,
                             arguments.exp_folder / f"{arguments.exp_it.zfill(5)}_KeyFrameTrajectory.csv")
        else:
            raise SourceError(f"the run over {arguments.sequence_path} failed, see above")


def camera_of(document: dict[str, Any], name: str) -> Camera:
    """calibration.yaml -> the camera of this name. Raises CalibrationError."""
    found = next((each for each in document.get("cameras", []) if each.get("cam_name") == name), None)
    if found is None:
        raise CalibrationError(f"calibration.yaml has no camera {name!r}")
    try:
        (fx, fy), (cx, cy), (width, height) = (found[key] for key in
                                               ("focal_length", "principal_point", "image_dimension"))
        kind = found.get("distortion_type", found.get("cam_model", "pinhole"))
        distortion = tuple(map(float, found.get("distortion_coefficients", ())))
    except (KeyError, TypeError, ValueError) as error:
        raise CalibrationError(f"calibration.yaml: the camera {name!r} lacks {error}") from error
    if kind not in MODELS:
        raise CalibrationError(f"calibration.yaml: the camera {name!r} has a lens that is not known, {kind!r}; known "
                               f"are {', '.join(MODELS)}")
    return Camera(int(width), int(height), float(fx), float(fy), float(cx), float(cy), distortion,
                  MODELS[kind])


def write_recording(folder: Path, sequence: Path, rgb_csv: Path, camera: Camera, name: str) -> dict[str, int]:
    """A sequence in TUM layout that refers to the images where they are -> {time as written: its nanoseconds}."""
    with rgb_csv.open(newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        frames = [(int(row[f"ts_{name} (ns)"]), (sequence / row[f"path_{name}"]).resolve()) for row in rows]
    except (KeyError, ValueError, TypeError) as error:
        raise SourceError(f"{rgb_csv}: expected columns `ts_{name} (ns)` and `path_{name}`, {error}") from error
    folder.mkdir(parents=True)
    times_ns = {f"{time_ns / 1e9:.6f}": time_ns for time_ns, _ in frames}
    (folder / "rgb.txt").write_text("".join(f"{time_ns / 1e9:.6f} {path}\n" for time_ns, path in frames))
    write_calibration(folder / "calibration.yaml", Calibration(camera, 1000.0))
    return times_ns


def write_trajectory(trajectory: Path, times_ns: dict[str, int], target: Path) -> None:
    """trajectory.txt -> the file that VSLAM-LAB evaluates."""
    times_s, T_world_cam = read_trajectory(trajectory)
    with target.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for time_s, t_m, quat_xyzw in zip(times_s, *to_quaternion(T_world_cam)):
            writer.writerow([times_ns.get(f"{time_s:.6f}", round(1e9 * time_s)), *t_m, *quat_xyzw])


def _yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text()
    except OSError as error:
        raise CalibrationError(f"{path}: {error.strerror}") from error
    try:
        return yaml.safe_load(text.replace("%YAML 1.2", "")) or {}  # PyYAML knows 1.1 alone, and this is both
    except yaml.YAMLError as error:
        raise CalibrationError(f"{path} is not YAML: {' '.join(str(error).split())[:100]}") from error


if __name__ == "__main__":
    sys.exit(main())
