"""A sequence as VSLAM-LAB lays it out; a function that writes a trajectory stands in for the run."""

import csv
from pathlib import Path

import numpy as np
import pytest

from calib.base.errors import CalibrationError
from calib.files.tum_files import read_index, trajectory_text
from calib.formats.calibration_file import read_calibration
from monofuse.bench import vslamlab
from monofuse.bench.vslamlab import camera_of, main
from tests.helpers.tiny_recordings import picture, write_rgb

CALIBRATION = """%YAML 1.2
---
cameras:
  - {cam_name: rgb_0,
     cam_type: rgb,
     cam_model: pinhole,
     distortion_type: radtan4,
     focal_length: [30.0, 31.0],
     principal_point: [15.5, 11.5],
     distortion_coefficients: [0.1, 0.0, 0.0, 0.0],
     image_dimension: [32, 24],
     fps: 10.0
    }
"""
START_NS = 1_403_636_579_763_555_584


@pytest.fixture
def sequence(tmp_path):
    folder = tmp_path / "sequence"
    (folder / "rgb_0").mkdir(parents=True)
    rows = ["ts_rgb_0 (ns),path_rgb_0"]
    for k in range(3):
        write_rgb(folder / "rgb_0" / f"{k}.png", picture(k))
        rows.append(f"{START_NS + 50_000_000 * k},rgb_0/{k}.png")
    (folder / "rgb.csv").write_text("\n".join(rows) + "\n")
    (folder / "calibration.yaml").write_text(CALIBRATION)
    (folder / "settings.yaml").write_text("%YAML 1.2\n---\ncam_mono: rgb_0\n")
    return folder


def words(sequence, folder):
    return ["--sequence_path", str(sequence), "--calibration_yaml", str(sequence / "calibration.yaml"), "--rgb_csv",
            str(sequence / "rgb.csv"), "--exp_folder", str(folder), "--exp_it", "7", "--settings_yaml",
            str(sequence / "settings.yaml"), "--verbose", "1", "--mode", "mono"]


def test_a_run_ends_in_the_file_that_is_evaluated(sequence, tmp_path, monkeypatch):
    def run(argv, program):
        recording, result = Path(argv[0].removeprefix("tum:")), Path(argv[2])
        index = read_index(recording / "rgb.txt")
        assert all(Path(name).is_file() for _, name in index) and argv[3:] == ["--adapt", "off"]
        camera = read_calibration(recording / "calibration.yaml").camera
        assert camera.distortion == (0.1, 0, 0, 0) and (camera.fx, camera.fy) == (30, 31)
        result.mkdir(parents=True)
        times_s = np.array([time_s for time_s, _ in index])
        (result / "trajectory.txt").write_bytes(trajectory_text(times_s, np.stack(3 * [np.eye(4)])))
        return 0
    monkeypatch.setattr(vslamlab, "run", run)
    (tmp_path / "exp").mkdir()
    assert main([*words(sequence, tmp_path / "exp"), "--adapt", "off"]) == 0
    rows = list(csv.DictReader((tmp_path / "exp" / "00007_KeyFrameTrajectory.csv").open()))
    assert [int(row["ts (ns)"]) for row in rows] == [START_NS + 50_000_000 * k for k in range(3)], "to the nanosecond"
    assert [float(rows[0][name]) for name in ("tx (m)", "qw")] == [0, 1]


def test_a_failed_run_leaves_no_trajectory(sequence, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(vslamlab, "run", lambda argv, program: 1)
    assert main(words(sequence, tmp_path)) == 2 and "failed" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.csv"))


def test_cameras_of_each_kind():
    fisheye = {"cam_name": "a", "distortion_type": "equid4", "focal_length": [1, 1], "principal_point": [1, 1],
               "image_dimension": [2, 2], "distortion_coefficients": [0, 0, 0, 0]}
    assert camera_of({"cameras": [fisheye]}, "a").model == "fisheye"
    with pytest.raises(CalibrationError, match="no camera 'b'"):
        camera_of({"cameras": [fisheye]}, "b")
    with pytest.raises(CalibrationError, match="lacks 'focal_length'"):
        camera_of({"cameras": [{"cam_name": "b"}]}, "b")
