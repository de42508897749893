"""`monofuse measure`: distances in a result, and a result whose size is put right, read back by other readers."""

import json
import math
import shutil

import cv2
import numpy as np
import pytest
import trimesh
from PIL import Image

from calib.base.errors import OutputError
from calib.files import atomic_file
from calib.files.tum_files import read_trajectory
from monofuse import measure
from monofuse.results.files import RESULTS
from monofuse.results.rescaling.glb import rescaled_glb
from monofuse.results.rescaling.result import REDRAWN, RESCALERS, WITHOUT_LENGTHS
from tests.helpers.slam_process import read_surfels, report_in

DOUBTFUL = {"scale_from": "network", "scale_times_network": 1.0, "scale_log_std": math.log(2), "scale_doubtful": True,
            "scale_weakness": "the network knows little of scenes this close", "scale_cues": ["poses"]}


@pytest.fixture
def result(finished, tmp_path):
    """A result with a mesh in all formats, as if by a network; a part of it; and a file that is the user's own."""
    folder = shutil.copytree(finished[1], tmp_path / "result")
    (folder / "report.json").write_text(json.dumps(report_in(folder) | DOUBTFUL))
    shutil.copy(folder / "map.ply", folder / "part_1_map.ply")
    shutil.copy(folder / "trajectory.txt", folder / "part_1_trajectory.txt")
    (folder / "my_notes.ply").write_text("hands off")
    return folder


def everything(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def corners(folder):
    """Two far vertices of the mesh, as words, and their distance."""
    vertices = trimesh.load(folder / "mesh.ply", process=False).vertices
    a, b = vertices[vertices[:, 0].argmin()], vertices[vertices[:, 0].argmax()]
    words = [",".join(f"{value:.5f}" for value in point) for point in (a, b)]
    return words, float(np.linalg.norm(a - b))


def test_a_distance_and_how_sure_it_is(result, capsys):
    before = everything(result)
    assert measure.main([str(result), "-1,0.5,-2", "1,0.5,-2"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("distance  2.000 m, two times in three between 1.000 and 4.000 m: metres may be off by a")
    assert "factor of 2.0 (the network knows little of scenes this close): give --scale poses, --scale FACTOR" in said
    assert everything(result) == before


def test_points_off_the_mesh_are_noticed(result, capsys):
    words, _ = corners(result)
    assert measure.main([str(result), *words]) == 0 and "note" not in capsys.readouterr().out
    assert measure.main([str(result), words[0], "90,0,0"]) == 0
    said = capsys.readouterr().out
    assert said.count("note") == 1 and "90,0,0 is" in said and "from the nearest surface" in said


def test_a_known_length_rescales_every_file(result, capsys):
    words, length_m = corners(result)
    before = shutil.copytree(result, result.parent / "before")
    assert measure.main([str(result), *words, "--is", f"{0.5 * length_m:.6f}"]) == 0
    assert "0.5 times as large; report.json lost ate_se3_m" in capsys.readouterr().out
    for name in ("mesh.ply", "mesh.obj", "mesh.glb"):
        old, new = (trimesh.load(folder / name, process=False, force="mesh") for folder in (before, result))
        assert np.allclose(new.vertices, 0.5 * old.vertices, atol=2e-5) and np.array_equal(new.faces, old.faces)
        assert np.array_equal(*(each.visual.uv if hasattr(each.visual, "uv") else each.visual.vertex_colors
                                    for each in (new, old)))
    for prefix in ("", "part_1_"):
        name = f"{prefix}trajectory.txt"
        (old_s, old), (new_s, new) = (read_trajectory(folder / name) for folder in (before, result))
        assert np.array_equal(old_s, new_s) and np.allclose(new[:, :3, 3], 0.5 * old[:, :3, 3], atol=1e-6)
        assert np.allclose(new[:, :3, :3], old[:, :3, :3])
        old, new = (read_surfels(folder / f"{prefix}map.ply") for folder in (before, result))
        for field in ("x", "y", "z", "radius"):
            assert np.allclose(new[field], 0.5 * old[field])
        assert np.array_equal(new["nx"], old["nx"]) and np.array_equal(new["red"], old["red"])
    old, new = report_in(before), report_in(result)
    assert new["scale_from"] == "measure" and new["scale_times_network"] == 0.5 and not new["scale_doubtful"]
    assert new["scale_log_std"] == pytest.approx(0.0141 / (0.5 * length_m), rel=0.01)
    assert new["ate_scale"] == pytest.approx(2 * old["ate_scale"], rel=1e-4) and "ate_se3_m" not in new
    assert new["ate_sim3_m"] == old["ate_sim3_m"] and new["stages"] == old["stages"]
    assert (result / "my_notes.ply").read_text() == "hands off"
    old, new = (cv2.imread(str(folder / "overview.png")) for folder in (before, result))
    differs = (np.abs(old.astype(int) - new) > 40).any(-1)  # the texture comes from a JPEG now
    assert differs[:80].any() and differs[80:-60].mean() < 0.002, "only the scale bars and the caption change"


def test_a_command_may_be_repeated_and_its_length_be_put_right(result, capsys):
    for name in ("mesh.obj", "mesh.mtl", "mesh.png", "mesh.glb", "overview.png", "scene.html"):  # what takes long
        (result / name).unlink()
    words, length_m = corners(result)
    command = [str(result), *words, "--is"]
    assert measure.main([*command, "0.5"]) == 0
    once = everything(result)
    capsys.readouterr()
    assert measure.main([*command, "0.5"]) == 0
    assert "of this size already" in capsys.readouterr().out and everything(result) == once
    assert measure.main([*command, "0.6"]) == 0 and "1.2 times as large" in capsys.readouterr().out
    assert report_in(result)["scale_times_network"] == pytest.approx(0.6 / length_m, rel=1e-3)
    assert measure.main([str(result), *words[::-1]]) == 0
    assert capsys.readouterr().out.startswith("distance  0.600 m, two times in three between 0.5")
    here, _ = corners(result)
    assert measure.main([str(result), *here]) == 0 and capsys.readouterr().out.startswith("distance  0.600 m")


@pytest.mark.parametrize("failure, code", [(OSError(28, "No space left"), 2), (KeyboardInterrupt(), 130)])
def test_all_files_or_none(result, failure, code, monkeypatch, capsys):
    before, replaced = everything(result), []

    def replace(source, target):
        if len(replaced) == 3:
            raise failure
        replaced.append(target)
        shutil.move(source, target)
    with monkeypatch.context() as patch:
        patch.setattr(atomic_file.os, "replace", replace)
        patch.setattr(atomic_file, "_bring_back", lambda path, data: path.write_bytes(data))
        assert measure.main([str(result), *corners(result)[0], "--is", "0.5"]) == code
    assert len(replaced) == 3 and everything(result) == before
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and ("nothing was changed" in error or "interrupted" in error)


def test_a_damaged_file_stops_it_before_anything_changes(result, capsys):
    (result / "map.ply").write_bytes((result / "map.ply").read_bytes()[:-7])
    before = everything(result)
    assert measure.main([str(result), *corners(result)[0], "--is", "0.5"]) == 2
    assert "map.ply cannot be rescaled: it is cut off" in capsys.readouterr().err and everything(result) == before


def test_results_of_the_library_have_no_report(result):
    for name in ("report.json", "overview.png", "scene.html"):
        (result / name).unlink()
    words, length_m = corners(result)
    assert measure.main([str(result), *words, "--is", "0.5"]) == 0
    assert report_in(result)["measured"]["factor"] == pytest.approx(0.5 / length_m, rel=1e-4)
    assert not (result / "overview.png").exists()


def test_a_textured_glb_keeps_its_texture_and_where_its_nodes_stand():
    corners_m = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0]], float)
    visual = trimesh.visual.TextureVisuals(uv=corners_m[:, :2] / 2, material=trimesh.visual.material.PBRMaterial(
        baseColorTexture=Image.new("RGB", (5, 3), (9, 8, 7))))
    scene = trimesh.Scene()
    moved = trimesh.transformations.translation_matrix([0, 0, 4])
    scene.add_geometry(trimesh.Trimesh(corners_m, [[0, 1, 2]], visual=visual, process=False), transform=moved)
    data = scene.export(file_type="glb")
    read = trimesh.load(trimesh.util.wrap_as_stream(rescaled_glb(data, 3.0)), file_type="glb")
    mesh, = read.dump()
    assert np.allclose(mesh.bounds, [[0, 0, 12], [3, 6, 12]])
    assert mesh.visual.material.baseColorTexture.getpixel((1, 1)) == (9, 8, 7)
    assert np.allclose(mesh.visual.uv, visual.uv)


def test_every_file_of_a_result_is_thought_of():
    for name in RESULTS:
        assert name in (*WITHOUT_LENGTHS, *REDRAWN) or any(map(name.endswith, RESCALERS)), name


@pytest.mark.parametrize("words, says", [
    (["1,2", "1,2,3"], "expected a point X,Y,Z"), (["a,b,c", "1,2,3"], "expected a point X,Y,Z"),
    (["1,2,nan", "1,2,3"], "expected a point X,Y,Z"), (["1,2,3"], "the following arguments are required"),
    (["1,2,3", "1,2,3"], "the two points are the same"), (["1,2,3", "1,2,4", "--is", "0"], "expected metres from 0.01"),
    (["1,2,3", "1,2,4", "--is", "tall"], "expected metres"), (["0,0,0", "0,0,2", "--is", "900"], "must be mistyped")])
def test_bad_input_is_one_line(result, words, says, capsys):
    before = everything(result)
    assert measure.main([str(result), *words]) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1 and everything(result) == before


def test_a_folder_without_a_result(tmp_path, capsys):
    assert measure.main([str(tmp_path), "0,0,0", "0,0,1"]) == 2
    assert "is no result of a run: it has no trajectory.txt" in capsys.readouterr().err


def test_a_failed_replacement_brings_files_back(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "c").mkdir()
    with pytest.raises(OutputError, match="nothing was changed"):
        atomic_file.replace_all(tmp_path, {"a": b"new", "b": b"new", "c": b"new"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"] and (tmp_path / "a").read_bytes() == b"old"
