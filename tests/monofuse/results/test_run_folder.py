"""monofuse.results.run_folder: an older run's results stay until the new ones are whole; two runs do not meet."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from calib.base.errors import OutputError
from monofuse.results import run_folder
from monofuse.results.run_folder import RunFolder
from tests.helpers.paths import ROOT

OLD = {"mesh.ply": b"old mesh", "mesh.obj": b"old obj", "report.json": b'{"ended": "complete"}', "notes.txt": b"mine"}


@pytest.fixture
def older(tmp_path):
    """A folder with the results of a whole run, and a file of the user's."""
    for name, data in OLD.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def write(folder, ended="complete"):
    folder.clear()
    folder.write("mesh.ply", b"new mesh")
    folder.write("report.json", json.dumps({"ended": ended}).encode())


def test_older_results_are_replaced_all_at_once(older):
    folder = RunFolder(older)
    write(folder)
    assert contents(older) == OLD
    folder.publish(is_whole=True)
    assert contents(older) == {"mesh.ply": b"new mesh", "report.json": b'{"ended": "complete"}', "notes.txt": b"mine"}
    assert not (older / "unfinished").exists() and folder.shown == str(older)


def test_a_run_that_failed_leaves_older_results_alone(older):
    folder = RunFolder(older)
    write(folder, "failed")
    folder.publish(is_whole=False)
    assert contents(older) == OLD and contents(older / "unfinished")["mesh.ply"] == b"new mesh"
    assert "unfinished" in folder.shown and f"the older results in {older} stay" in folder.shown


@pytest.mark.parametrize("report", [b'{"ended": "interrupted"}', b"damaged", b"[]"])
def test_results_that_were_not_whole_themselves_make_way(older, report):
    (older / "report.json").write_bytes(report)
    folder = RunFolder(older)
    write(folder, "interrupted")
    folder.publish(is_whole=False)
    assert contents(older)["mesh.ply"] == b"new mesh" and "mesh.obj" not in contents(older)


def test_a_swap_that_was_cut_short_is_finished(older, monkeypatch):
    folder = RunFolder(older)
    write(folder)
    moved = []

    def replace(source, target):
        if str(source).endswith(".part"):
            return rename(source, target)
        moved.append(source)
        if len(moved) == 2:
            raise KeyboardInterrupt
        return rename(source, target)

    rename = os.replace
    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        folder.publish(is_whole=True)
    monkeypatch.undo()
    run_folder.resume_swap(older)
    assert contents(older) == {"mesh.ply": b"new mesh", "report.json": b'{"ended": "complete"}', "notes.txt": b"mine"}


def test_two_runs_do_not_write_to_one_folder(tmp_path):
    code = ("import sys; from monofuse.results.run_folder import RunFolder\nfolder = RunFolder(sys.argv[1])\n"
            "print('locked', flush=True); sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(OutputError, match="another run is writing") as caught:
            RunFolder(tmp_path)
        assert caught.value.exit_code == 2 and "\n" not in str(caught.value)
        other.kill()
    RunFolder(tmp_path)


def test_a_folder_that_cannot_be_written_any_more_has_a_fallback(tmp_path):
    folder = RunFolder(tmp_path / "a" / "results")
    shutil.rmtree(tmp_path / "a")
    (tmp_path / "a").write_text("in the way")
    with pytest.raises(OutputError, match="for now") as caught:
        folder.write("trajectory.txt", b"1 2 3")
    assert (folder.fallback / "trajectory.txt").read_bytes() == b"1 2 3"
    assert str(folder.fallback) in str(caught.value) and str(folder.fallback) in folder.shown
    shutil.rmtree(folder.fallback)


def test_a_fallback_without_room_is_not_left_empty(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "a" / "results")
    shutil.rmtree(tmp_path / "a")
    (tmp_path / "a").write_text("in the way")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("monofuse.results.run_folder.ResultFolder.write", refuse)
    with pytest.raises(OutputError, match="no room"):
        folder.write("trajectory.txt", b"1 2 3")
    assert folder.fallback is None and os.listdir(tmp_path) == ["a"]


def refuse(folder, name, data):
    raise OutputError("no room")
