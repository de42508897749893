"""EuRoC MAV: `mav0/cam0/data.csv` (time in ns, file), `mav0/cam0/sensor.yaml`, and
`mav0/state_groundtruth_estimate0/data.csv` with the poses of the body. The left camera is used. Burri 2016.
"""

from pathlib import Path

import numpy as np

from calib.base.errors import CalibrationError, SourceError
from calib.files.pose_files import pose_from
from calib.files.text_file import data_lines, is_whole, numbers_in
from calib.formats.calibration_file import read_calibration, read_fields
from calib.geometry.se3 import from_quaternion, inverse
from sequences.datasets.layout import require_files, require_folder
from sequences.datasets.recorded_dataset import RecordedDataset, Shot, ground_truth_at
from sequences.sequence import SourceOptions

LAYOUT = "mav0/cam0/data.csv and sensor.yaml (EuRoC)"
NS = 1e-9
TOLERANCE_S = 0.01
"""How far a pose may be from its image in time; ground truth comes 200 times a second."""


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    return (_mav(Path(path)) / "cam0" / "data.csv").is_file()


class EurocSequence(RecordedDataset):
    """A flight of EuRoC MAV, seen by its left camera, without depth."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = _mav(require_folder(location, LAYOUT))
        require_files(folder, ["cam0/data.csv", "cam0/sensor.yaml"], LAYOUT)
        sensor = folder / "cam0" / "sensor.yaml"
        camera = None if options.calibration_file else read_calibration(sensor).camera
        ground_truth = _ground_truth(folder / "state_groundtruth_estimate0", _body_from_sensor(sensor))
        images = _images(folder / "cam0")
        poses = ground_truth_at(ground_truth, [time_s for time_s, _ in images], TOLERANCE_S)
        shots = [Shot(time_s, file, None, T_world_cam) for (time_s, file), T_world_cam in zip(images, poses)]
        super().__init__(location, LAYOUT, shots, camera, options, ground_truth=ground_truth,
                         index=folder / "cam0" / "data.csv")
        if self.place.resolve().name == "mav0":
            self.name = self.place.resolve().parent.name


def _mav(path):
    """The folder that holds cam0: the one given, or mav0 in it."""
    return path / "mav0" if (path / "mav0").is_dir() else path


def _body_from_sensor(path):
    """sensor.yaml -> T_body_sensor (4, 4)"""
    try:
        T_body_sensor = pose_from(np.array(read_fields(path)["T_BS"]["data"], float), f"{path}, T_BS")
    except (KeyError, TypeError, ValueError):
        T_body_sensor = None
    if T_body_sensor is None:
        raise CalibrationError(f"{path}: expected T_BS with data, the 16 numbers of a pose")
    return T_body_sensor


def _images(camera_folder):
    """-> list of (time_s, path) as they are listed."""
    images = []
    for number, line in data_lines(camera_folder / "data.csv"):
        time_ns, _, name = (word.strip() for word in line.partition(","))
        if not is_whole(time_ns) or not name:
            raise SourceError(f"{camera_folder / 'data.csv'} line {number}: expected `time in ns,file`, found "
                              f"{line[:60]!r}")
        images.append((int(time_ns) * NS, camera_folder / "data" / name))
    return images


def _ground_truth(folder, T_body_cam):
    """Times (N,) and T_world_cam (N, 4, 4) of data.csv: time, position, quaternion w x y z, and more; or None."""
    path, sensor = folder / "data.csv", folder / "sensor.yaml"
    lines = data_lines(path) if path.is_file() else []
    rows = [numbers_in(line, f"{path} line {number}")[:8] for number, line in lines]
    if not rows:
        return None
    if any(row.size < 8 or not np.all(np.isfinite(row)) or not row[4:].any() for row in rows):
        raise SourceError(f"{path}: expected time in ns, position and quaternion in each line")
    rows = np.array(sorted(row.tolist() for row in rows))
    T_world_tracked = from_quaternion(rows[:, 1:4], rows[:, [5, 6, 7, 4]])
    T_body_tracked = _body_from_sensor(sensor) if sensor.is_file() else np.eye(4)
    return rows[:, 0] * NS, T_world_tracked @ inverse(T_body_tracked) @ T_body_cam
