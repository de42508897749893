"""slam.evaluation and `python -m slam evaluate`: against evo, against known answers, and on files that are wrong."""

import json
import shutil

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from calib.base.errors import SourceError
from calib.files.tum_files import read_trajectory, trajectory_text
from calib.geometry import se3
from slam.__main__ import main
from slam.evaluation import (
    MAX_TIME_OFFSET_S,
    DepthErrors,
    absolute_error,
    evaluate_files,
    evaluate_trajectory,
    relative_error,
    umeyama,
)
from tests.helpers.paths import KITCHEN

TIMES_S = np.arange(200) / 20


def random_walk(rng, count=200, step=0.03):
    """(count, 4, 4) smooth motion."""
    T = [np.eye(4)]
    velocity = np.zeros(6)
    for _ in range(count - 1):
        velocity = 0.9 * velocity + step * rng.normal(size=6)
        T.append(T[-1] @ se3.exp(velocity * 0.3))
    return np.array(T)


def disturbed(rng, T, scale=1.3, noise_m=0.02, noise_rad=0.02):
    """The walk as another world, another scale and noise would have it."""
    moved = se3.exp(rng.normal(size=6)) @ T
    moved[:, :3, 3] *= scale
    noise = rng.normal(size=(len(T), 6)) * np.repeat([noise_m, noise_rad], 3)
    return np.array([T_k @ se3.exp(xi) for T_k, xi in zip(moved, noise)])


def by_evo(times_s, T_estimate, T_truth, frames_per_second):
    """The same scores from evo."""
    from evo.core import metrics
    from evo.core.trajectory import PoseTrajectory3D

    def as_evo(T):
        return PoseTrajectory3D(poses_se3=[np.array(T_k) for T_k in T], timestamps=times_s)

    def rmse(metric, truth, estimate):
        metric.process_data((truth, estimate))
        return metric.get_statistic(metrics.StatisticsType.rmse)

    truth, scores = as_evo(T_truth), {}
    for name, with_scale in (("ate_se3_m", False), ("ate_sim3_m", True)):
        aligned = as_evo(T_estimate)
        _, _, scale = aligned.align(truth, correct_scale=with_scale)
        scores[name] = rmse(metrics.APE(metrics.PoseRelation.translation_part), truth, aligned)
        scores["ate_scale"] = scale
    for name, part in (("rpe_1s_m", metrics.PoseRelation.translation_part),
                       ("rpe_1s_deg", metrics.PoseRelation.rotation_angle_deg)):
        metric = metrics.RPE(part, delta=frames_per_second, delta_unit=metrics.Unit.frames, all_pairs=True)
        scores[name] = rmse(metric, truth, as_evo(T_estimate))
    scores["path_m"] = truth.path_length
    return scores


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_evo(seed):
    pytest.importorskip("evo")
    rng = np.random.default_rng(seed)
    T_truth = random_walk(rng)
    T_estimate = disturbed(rng, T_truth)
    scores = evaluate_trajectory(TIMES_S, T_estimate, TIMES_S, T_truth)
    for name, value in by_evo(TIMES_S, T_estimate, T_truth, 20).items():
        assert scores[name] == pytest.approx(value, abs=1.1e-5), name
    assert scores["matched"] == 200


@pytest.mark.skipif(not KITCHEN.is_dir(), reason="no recorded ground truth here")
def test_scores_are_those_of_evo_on_a_real_trajectory():
    pytest.importorskip("evo")
    times_s, T_truth = read_trajectory(KITCHEN / "groundtruth.txt")
    T_estimate = disturbed(np.random.default_rng(0), T_truth, scale=0.9, noise_m=0.01, noise_rad=0.01)
    scores = evaluate_trajectory(times_s, T_estimate, times_s, T_truth)
    for name, value in by_evo(times_s, T_estimate, T_truth, 30).items():
        assert scores[name] == pytest.approx(value, abs=1.1e-5), name


def test_a_moved_and_scaled_copy_is_perfect_up_to_scale():
    rng = np.random.default_rng(1)
    T = random_walk(rng)
    copy = disturbed(rng, T, scale=2.0, noise_m=0, noise_rad=0)
    scores = evaluate_trajectory(TIMES_S, copy, TIMES_S, T)
    assert scores["ate_sim3_m"] == pytest.approx(0, abs=1e-5) and scores["ate_scale"] == pytest.approx(0.5)
    spread_m = np.sqrt(((T[:, :3, 3] - T[:, :3, 3].mean(0)) ** 2).sum(1).mean())
    assert scores["ate_se3_m"] == pytest.approx(spread_m, rel=1e-3)
    assert evaluate_trajectory(TIMES_S, T, TIMES_S, T)["ate_se3_m"] == 0


def test_umeyama_finds_the_transform_and_never_a_reflection():
    rng = np.random.default_rng(2)
    source = rng.normal(size=(30, 3))
    T = se3.exp(rng.normal(size=6))
    scale, R, t = umeyama(source, 1.7 * source @ T[:3, :3].T + T[:3, 3], with_scale=True)
    assert scale == pytest.approx(1.7) and np.allclose(R, T[:3, :3]) and np.allclose(t, T[:3, 3])
    assert np.linalg.det(umeyama(source, source * (1, 1, -1), with_scale=True)[1]) == pytest.approx(1)


def test_jitter_makes_a_trajectory_longer():
    """A walk along x; the estimate is half as large, and jumps to and fro across it by as much as it advances."""
    T = np.tile(np.eye(4), (200, 1, 1))
    T[:, 0, 3] = 0.02 * np.arange(200)
    jumpy = T.copy()
    jumpy[:, 0, 3] /= 2
    assert evaluate_trajectory(TIMES_S, jumpy, TIMES_S, T)["length_ratio"] == pytest.approx(1, abs=1e-5)
    jumpy[1::2, 1, 3] = 0.01
    scores = evaluate_trajectory(TIMES_S, jumpy, TIMES_S, T)
    assert scores["path_m"] == pytest.approx(199 * 0.02)
    assert scores["trajectory_m"] == pytest.approx(1.99 * np.sqrt(2), abs=1e-5)
    assert scores["length_ratio"] == pytest.approx(scores["ate_scale"] * np.sqrt(2) / 2, rel=1e-4)
    assert scores["length_ratio"] == pytest.approx(np.sqrt(2), rel=1e-3)
    assert "length_ratio" not in evaluate_trajectory(TIMES_S, T, TIMES_S, np.tile(np.eye(4), (200, 1, 1)))


def test_a_constant_drift_is_the_relative_error():
    """Truth stands still, the estimate creeps by 1 mm and turns by 0.1 degrees per frame."""
    step = np.eye(4)
    step[0, 3] = 0.001
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("x", 0.1, degrees=True).as_matrix()
    T_estimate = np.array([np.linalg.matrix_power(step @ turn, k) for k in range(200)])
    assert relative_error(TIMES_S, T_estimate, np.tile(np.eye(4), (200, 1, 1))) == pytest.approx((0.02, 2.0))
    assert relative_error(TIMES_S[:10], T_estimate[:10], T_estimate[:10]) is None


@pytest.mark.parametrize("positions", [np.zeros((20, 3)), np.outer(np.arange(20), (1.0, 2, 3)),
                                       np.outer(np.arange(20) % 2, (1.0, 0, 0))],
                         ids=("still", "straight", "two places"))
def test_degenerate_trajectories_have_finite_scores(positions):
    T = np.tile(np.eye(4), (20, 1, 1))
    T[:, :3, 3] = positions
    other = random_walk(np.random.default_rng(0), 20)
    times_s = TIMES_S[:20]
    for estimate, truth in ((T, T), (T, other), (other, T)):
        assert np.all(np.isfinite(list(evaluate_trajectory(times_s, estimate, times_s, truth).values())))
    assert evaluate_trajectory(times_s, T, times_s, T)["ate_sim3_m"] == pytest.approx(0, abs=1e-6)
    assert absolute_error(positions, positions, with_scale=True)[0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("offset_s, matched", [(0.0, 200), (0.9 * MAX_TIME_OFFSET_S, 200),
                                               (1.1 * MAX_TIME_OFFSET_S, 0)])
def test_moments_are_the_same_only_within_a_tolerance(offset_s, matched):
    T = random_walk(np.random.default_rng(0))
    scores = evaluate_trajectory(TIMES_S + offset_s, T, TIMES_S, T)
    assert scores.get("matched", 0) == matched


def test_a_sparser_ground_truth_is_not_stretched_over_the_frames_between():
    """Truth once a second, 20 frames a second: each true pose scores one frame, not its neighbours."""
    T = random_walk(np.random.default_rng(0))
    scores = evaluate_trajectory(TIMES_S, T, TIMES_S[::20], T[::20])
    assert scores["matched"] == 10 and scores["ate_se3_m"] == 0 and scores["rpe_1s_m"] == 0


def test_under_three_matches_there_is_no_score():
    T = random_walk(np.random.default_rng(0))
    assert evaluate_trajectory(TIMES_S[:2], T[:2], TIMES_S, T) == {}
    assert evaluate_trajectory(np.zeros(0), np.zeros((0, 4, 4)), TIMES_S, T) == {}
    assert evaluate_trajectory(TIMES_S + 1000, T, TIMES_S, T) == {}


def test_depth_errors_are_those_of_the_images():
    errors = DepthErrors()
    assert errors.summary() == {}
    true = np.full((20, 20), 0.5)
    errors.add(true / 1.1, true)
    errors.add(true / 1.3, true)
    errors.add(np.zeros((20, 20)), true)
    assert errors.summary() == {"depth_rel": 0.2, "depth_delta1": 0.5, "depth_rel_scaled": 0.0, "depth_images": 2}


@pytest.fixture
def files(tmp_path):
    """A folder of results and a dataset folder, with the same path in both."""
    T = random_walk(np.random.default_rng(3))
    for folder, name in (("results", "trajectory.txt"), ("dataset", "groundtruth.txt")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(trajectory_text(TIMES_S, T))
    return tmp_path


def test_files_and_their_folders_are_evaluated(files):
    scores = evaluate_files(files / "results", files / "dataset")
    assert scores == evaluate_files(files / "results" / "trajectory.txt", files / "dataset" / "groundtruth.txt")
    assert scores["ate_se3_m"] < 1e-5 and scores["matched"] == scores["poses"] == 200


def test_a_folder_with_poses_by_structure_from_motion_is_compared_with_these(files):
    assert evaluate_files(files / "results", files / "dataset")["ground_truth"] == "groundtruth.txt"
    T = random_walk(np.random.default_rng(3))
    T[:, 0, 3] *= 2
    (files / "dataset" / "groundtruth_sfm.txt").write_bytes(trajectory_text(TIMES_S, T))
    scores = evaluate_files(files / "results", files / "dataset")
    assert scores["ground_truth"] == "groundtruth_sfm.txt" and scores["ate_sim3_m"] > 0.01
    assert evaluate_files(files / "results", files / "dataset" / "groundtruth.txt")["ate_sim3_m"] < 1e-5


@pytest.mark.parametrize("text, says", [
    ("", "no line"), ("# only\n\n# comments\n", "no line"),
    ("0 0 0 0 0 0 0 1\n0.1 0 0 0 0 0 1\n", "line 2"),
    ("0 0 0 0 0 0 0 1 9\n", "line 1"), ("0 0 0 0 0 0 0 1\n0.1 0 zero 0 0 0 0 1\n", "line 2"),
    ("0 0 0 0 0 0 0 0\n", "line 1"), ("0 nan 0 0 0 0 0 1\n", "line 1"),
    ("# t\n0 0 0 0 0 0 0 1\n0 0 0 0 0 0 0 1\n", "0.000000 does not come after 0.000000"),
    ("0 0 0 0 0 0 0 1\n2 0 0 0 0 0 0 1\n1 0 0 0 0 0 0 1\n", "1.000000 does not come after 2.000000"),
    (b"\xff\xfe\x00", "is not a text file")])
def test_a_wrong_file_is_one_clear_line(tmp_path, capsys, text, says):
    path = tmp_path / "trajectory.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SourceError) as caught:
        read_trajectory(path)
    assert says in str(caught.value) and str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert main(["evaluate", str(path), str(path)]) == 2
    assert capsys.readouterr().err == f"slam: {caught.value}\n"


def test_a_missing_file_and_another_sequence_are_one_clear_line(files, capsys):
    assert main(["evaluate", str(files / "nowhere"), str(files / "dataset")]) == 2
    assert main(["evaluate", str(files), str(files / "dataset")]) == 2
    T = random_walk(np.random.default_rng(3))
    (files / "later.txt").write_bytes(trajectory_text(TIMES_S + 1e9, T))
    assert main(["evaluate", str(files / "later.txt"), str(files / "dataset")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and "No such file" in lines[0] and "trajectory.txt" in lines[1] and "fewer than" in lines[2]


def test_the_command_prints_a_table_or_one_line_of_json(files, capsys):
    assert main(["evaluate", str(files / "results"), str(files / "dataset")]) == 0
    table = capsys.readouterr().out
    assert all(words in table for words in ("200 of 200 poses", "(groundtruth.txt)", "1.00 times", "ATE", "RPE"))
    assert len(table.splitlines()) < 8
    assert main(["evaluate", "--json", str(files / "results"), str(files / "dataset")]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == evaluate_files(files / "results", files / "dataset")


@pytest.mark.parametrize("arguments", [[], ["evaluate"], ["evaluate", "one"], ["judge"],
                                       ["evaluate", "a", "b", "--xml"]])
def test_a_wrong_command_is_one_line(arguments, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and len(shown.err.splitlines()) == 1 and "see python -m slam" in shown.err


def test_a_short_trajectory_has_no_relative_error(files, capsys):
    shutil.rmtree(files / "results")
    T = random_walk(np.random.default_rng(3))
    (files / "short.txt").write_bytes(trajectory_text(TIMES_S[:10], T[:10]))
    scores = evaluate_files(files / "short.txt", files / "dataset")
    assert "rpe_1s_m" not in scores and scores["matched"] == 10
    assert main(["evaluate", str(files / "short.txt"), str(files / "dataset")]) == 0
    assert "RPE" not in capsys.readouterr().out
