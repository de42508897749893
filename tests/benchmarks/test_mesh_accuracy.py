"""benchmarks/mesh_accuracy.py: known answers, and those of another program that measures the same."""

import importlib.util

import numpy as np
import pytest
import trimesh

from benchmarks.mesh_accuracy import fitting_poses, mesh_scores
from calib.base.errors import SourceError
from calib.files.tum_files import read_trajectory, trajectory_text
from calib.geometry import se3
from tests.helpers.paths import DATA, KITCHEN
from tests.helpers.plane_recording import PLANE_M, true_poses, write_recording, write_results

OTHER_PROGRAM = DATA.parent / "tools" / "score.py"
needs_the_other_program = pytest.mark.skipif(not OTHER_PROGRAM.is_file(), reason="no score.py here")


@pytest.fixture
def recording(tmp_path):
    return write_recording(tmp_path / "plane")


def by_the_other_program(results, sequence):
    spec = importlib.util.spec_from_file_location("score", OTHER_PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.score(results, sequence)


def test_a_mesh_in_its_place_is_right_whatever_its_world(recording, tmp_path):
    scores = mesh_scores(write_results(tmp_path / "results", scale=1.25), recording)
    assert scores["mesh_within_5pct_sim3"] == scores["mesh_covered_sim3"] == 1 and scores["mesh_absrel_sim3"] < 0.002
    assert scores["mesh_within_10pct_se3"] < 0.1 and scores["mesh_absrel_se3"] == pytest.approx(0.2, abs=0.02)
    assert scores["mesh_triangles"] == 2


@pytest.mark.parametrize("shift, within_5, within_10", [(0.0, 1, 1), (0.14, 0, 1), (0.3, 0, 0)])
def test_pixels_are_within_their_limits(recording, tmp_path, shift, within_5, within_10):
    scores = mesh_scores(write_results(tmp_path / "results", plane_m=PLANE_M + shift), recording)
    assert scores["mesh_within_5pct_se3"] == pytest.approx(within_5, abs=0.1)
    assert scores["mesh_within_10pct_se3"] == pytest.approx(within_10, abs=0.1)


def test_what_is_not_covered_is_wrong(recording, tmp_path):
    half = mesh_scores(write_results(tmp_path / "half", faces=[(0, 1, 2)]), recording)
    assert 0.2 < half["mesh_covered_sim3"] == half["mesh_within_5pct_sim3"] < 0.8
    nothing = write_results(tmp_path / "nothing")
    (nothing / "mesh.ply").write_bytes(trimesh.Trimesh().export(file_type="ply"))
    assert mesh_scores(nothing, recording)["mesh_within_10pct_sim3"] == 0


def test_what_is_missing_is_one_line(recording, tmp_path):
    results = write_results(tmp_path / "results")
    (results / "trajectory.txt").write_bytes(trajectory_text(np.arange(5) + 1e9, true_poses()[:5]))
    with pytest.raises(SourceError, match="fewer than three timestamps"):
        mesh_scores(results, recording)
    (results / "mesh.ply").unlink()
    with pytest.raises(SourceError, match=r"mesh.ply: no such file"):
        mesh_scores(results, recording)
    (recording / "groundtruth.txt").unlink()
    with pytest.raises(SourceError, match="has no ground truth"):
        mesh_scores(write_results(tmp_path / "again"), recording)


def test_alignment_is_by_orientations_too():
    """Cameras along a line: their positions leave a turn about it free, their orientations do not."""
    T_a = np.array([se3.exp(np.array([0, 0, 0.1 * k, 0.02 * k, 0, 0])) for k in range(10)])
    T_a[:, :2, 3] = 0
    S = se3.exp(np.array([1.0, 2, 3, 0.3, -0.4, 1.5]))
    T_b = S @ T_a
    T_b[:, :3, 3] = 2 * T_a[:, :3, 3] @ S[:3, :3].T + S[:3, 3]
    alignment = fitting_poses(T_a, T_b, 2.0)
    assert np.allclose(alignment.R, S[:3, :3]) and np.allclose(alignment.t, S[:3, 3])
    assert np.allclose(alignment(T_a[:, :3, 3]), T_b[:, :3, 3])


@needs_the_other_program
@pytest.mark.parametrize("ground_truth", ["groundtruth.txt", "groundtruth_sfm.txt"])
def test_scores_are_those_of_the_other_program(tmp_path, ground_truth):
    recording = write_recording(tmp_path / "plane", ground_truth)
    if ground_truth != "groundtruth.txt":
        (recording / "groundtruth.txt").write_bytes(trajectory_text(np.arange(12) / 10, np.tile(np.eye(4), (12, 1, 1))))
    results = write_results(tmp_path / "results", 1.1, PLANE_M + 0.1, noise_m=0.02)
    assert_equal(mesh_scores(results, recording), by_the_other_program(results, recording))


@needs_the_other_program
@pytest.mark.skipif(not KITCHEN.is_dir(), reason="no real recording here")
def test_scores_on_a_real_recording_are_those_of_the_other_program(tmp_path):
    """A run that has the kitchen as the walls of a box, and drifts."""
    times_s, T = read_trajectory(KITCHEN / "groundtruth_sfm.txt")
    drift = np.array([se3.exp(0.1 * np.array([0.1, -0.2, 0.3, 0.05, 0.05, -0.1]) * share)
                      for share in np.linspace(0, 1, len(T))])
    (tmp_path / "trajectory.txt").write_bytes(trajectory_text(times_s, T @ drift))
    box = trimesh.creation.box((3.0, 3.0, 3.5))
    box.apply_translation(T[:, :3, 3].mean(0))
    (tmp_path / "mesh.ply").write_bytes(box.export(file_type="ply"))
    scores = mesh_scores(tmp_path, KITCHEN)
    assert 0.05 < scores["mesh_within_10pct_sim3"] < 0.5
    assert_equal(scores, by_the_other_program(tmp_path, KITCHEN))


def assert_equal(scores, others):
    for name, value in scores.items():
        assert value == others[f"{name}_sim3" if name == "mesh_triangles" else name], name
