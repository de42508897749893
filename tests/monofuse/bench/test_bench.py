"""`monofuse bench` on a small sequence in each data set's own form; its true trajectory, turned, moved and halved,
stands in for a run's."""

import csv
import json
import shutil

import numpy as np
import pytest
import trimesh

from calib.files.tum_files import trajectory_text
from monofuse.batch import command as batch_command
from monofuse.bench import command, surface
from monofuse.bench.command import main
from monofuse.bench.surface import true_points
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers import dataset_samples
from tests.helpers.batch_tasks import EngineHere

FRAMES = 4
SAMPLES = {"tum": ("freiburg1", "tum", "room"), "7scenes": ("seven_scenes", "chess", "chess"),
           "euroc": ("euroc", "euroc", "MH01"), "icl": ("icl_tum_form", "living_room_traj0_frei_png", "lr0"),
           "replica": ("replica", "replica", "room0"), "scannet": ("scannet", "scene0000_00", "0000"),
           "kitti": ("kitti", "dataset", "03")}
"""Data set -> its writer, the folder that it gets, and the sequence's name in published tables."""
S_RUN_WORLD = trimesh.transformations.compose_matrix(angles=(0.3, 0.5, 0.7), translate=(1, 2, 3))


class Wall:
    """A studio in which every camera looks at a wall, 2 m away."""

    T_world_cam = np.stack([trimesh.transformations.compose_matrix(
        angles=(0.02 * k, 0.03 * k, 0), translate=(0.1 * k, 0.02 * k * k, 0.05 * np.sin(k))) for k in range(FRAMES)])

    def shoot(self, camera, T_world_cam):
        rows = np.linspace(40, 200, camera.height).astype(np.uint8)
        return np.tile(rows[:, None, None], (1, camera.width, 3)), np.full(camera.size, 2.0, np.float32)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """name -> folder that holds one sequence, written where it is first asked for."""
    studio, written = Wall(), {}

    def folder(name):
        if name not in written:
            writer, inner, _ = SAMPLES[name]
            written[name] = tmp_path_factory.mktemp(name)
            getattr(dataset_samples, writer)(written[name] / inner, studio)
        return written[name]
    return folder


def write_run(folder, source):
    """As a run leaves it: half as large as the truth, keyframes at the first and each second frame."""
    sequence = open_sequence(source, SourceOptions(depth_every=2))
    times_s, T_true = sequence.ground_truth
    T = S_RUN_WORLD @ T_true
    T[:, :3, 3] *= 0.5
    (folder / "trajectory.txt").write_bytes(trajectory_text(times_s, T))
    points = true_points(sequence)
    if len(points):
        corners = points[:, None] + 1e-3 * np.eye(3)
        mesh = trimesh.Trimesh(corners.reshape(-1, 3), np.arange(3 * len(points)).reshape(-1, 3), process=False)
        mesh.apply_transform(S_RUN_WORLD).apply_scale(0.5)
        mesh.export(folder / "mesh.ply")
    (folder / "report.json").write_text(json.dumps({
        "ended": "complete", "frames": len(times_s), "tracked": len(times_s), "fps": 60.0,
        "keyframe_times_s": [round(time_s, 6) for time_s in times_s[:3]]}))


@pytest.fixture(autouse=True)
def light(monkeypatch):
    engine = EngineHere(lambda folder, arguments: write_run(folder, arguments.source))
    monkeypatch.setattr(batch_command, "open_engine", lambda *_: engine)
    monkeypatch.setattr(surface, "POINTS", 4000)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sequence_of_every_data_set_is_found_and_scored(data, tmp_path, name):
    assert main([name, "--data", str(data(name)), "--output", str(tmp_path)]) == 0
    (row,) = csv.DictReader((tmp_path / "results.csv").open())
    assert row["sequence"] == SAMPLES[name][2]
    assert float(row["ate_sim3_m"]) < 1e-4 < float(row["ate_se3_m"]) and float(row["ate_scale"]) == pytest.approx(2)
    assert float(row["keyframes_ate_sim3_m"]) < 1e-4 and float(row["coverage"]) == 1
    if name not in ("euroc", "kitti"):
        assert float(row["accuracy_m"]) < 0.005 and float(row["f_score"]) > 0.3
    text = (tmp_path / "results.md").read_text()
    assert f"| {SAMPLES[name][2]} |" in text and "published figures" in text
    assert (tmp_path / "plots" / f"{SAMPLES[name][2]}.png").stat().st_size > 1000


def test_published_figures_stand_beside_ours_with_their_source(data, tmp_path):
    main(["tum", "--data", str(data("tum")), "--output", str(tmp_path), "--no-mesh"])
    lines = (tmp_path / "results.md").read_text().splitlines()
    droid = next(line for line in lines if line.startswith("| DROID-SLAM"))
    assert "| 0.049 |" in droid and "arXiv 2505.12549, table 2" in droid
    ours = next(line for line in lines if line.startswith("| monofuse"))
    assert ours.count("|  |") >= 3 and ours.rstrip("| ").endswith("this run"), "no figure for what was not run"


def test_noisy_copies_give_mean_and_spread(data, tmp_path):
    assert main(["kitti", "--data", str(data("kitti")), "--output", str(tmp_path), "--noisy", "2", "--no-mesh"]) == 0
    assert len(list(csv.DictReader((tmp_path / "results.csv").open()))) == 3
    assert " to " in (tmp_path / "results.md").read_text().split("ATE SE(3), m |")[1].splitlines()[0]
    first = next(iter(open_sequence(f"tum:{tmp_path}/copies/03-noise0", SourceOptions()))).rgb.astype(float)
    true = next(iter(open_sequence(f"kitti:{data('kitti')}/dataset/sequences/03", SourceOptions()))).rgb
    assert 3 < (first - true).std() < 4.5


def test_better_poses_beside_the_frames_are_used_too(data, tmp_path):
    folder = shutil.copytree(data("7scenes"), tmp_path / "data")
    sequence = open_sequence(f"7scenes:{folder}/chess/seq-01", SourceOptions())
    (folder / "chess" / "seq-01" / "groundtruth_sfm.txt").write_bytes(trajectory_text(*sequence.ground_truth))
    main(["7scenes", "--data", str(folder), "--output", str(tmp_path / "out"), "--no-mesh"])
    (row,) = csv.DictReader((tmp_path / "out" / "results.csv").open())
    assert float(row["sfm_ate_sim3_m"]) < 1e-4


@pytest.mark.parametrize("words, says", [
    (["tum"], "there is no sequence of TUM RGB-D, freiburg1"), (["tum"], "--download fetches it"),
    (["scannet", "--download"], "cannot be fetched by a program"), (["nuscenes"], "invalid choice"),
    (["kitti", "--sequences", "03,77"], "there is no '77'; there are 03")])
def test_mistakes_are_one_line(data, tmp_path, monkeypatch, capsys, words, says):
    monkeypatch.chdir(tmp_path)
    given = ["--data", str(data("kitti"))] if words[0] == "kitti" else []
    assert main([*words, *given]) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1


def test_all_runs_that_cannot_be_scored_are_told(data, tmp_path, monkeypatch, capsys):
    def fails(*_):
        raise command.MonofuseError("too short")
    monkeypatch.setattr(command, "result_scores", fails)
    assert main(["kitti", "--data", str(data("kitti")), "--output", str(tmp_path)]) == 0
    assert "03 has no scores: too short" in capsys.readouterr().out
