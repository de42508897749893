"""What a worker does with one recording; a function stands in for the run."""

import json
from pathlib import Path

import pytest

from calib.base.errors import MonofuseError
from monofuse import run
from monofuse.batch.place import Place
from monofuse.batch.task import Task, carry_out
from tests.helpers.batch_tasks import FIGURES, made_up_tasks, write_result


class Done:
    ended = "complete"


@pytest.fixture
def task(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return made_up_tasks(tmp_path / "out", 1)[0]


def with_run(monkeypatch, function):
    monkeypatch.setattr(run, "run", function)


def good_run(arguments, screen):
    screen.print(f"running {arguments.source}")
    write_result(arguments.output, arguments)
    return Done


def test_a_good_run_leaves_its_result_and_its_log(task, monkeypatch, capsys):
    with_run(monkeypatch, good_run)
    assert carry_out(task) is None
    report = task.place.report("walk0")
    assert report["frames"] == FIGURES["frames"] and report["arguments"]["output"] == task.place.at("walk0")
    assert task.place.read("logs", "walk0.txt") == b"running walk0\n" and capsys.readouterr().out == ""


def test_what_is_there_is_not_made_again(task, monkeypatch):
    with_run(monkeypatch, good_run)
    carry_out(task)
    with_run(monkeypatch, None)
    assert carry_out(task) is None


@pytest.mark.parametrize("error, says", [
    (MonofuseError("no frame\ncould be read"), "no frame could be read"),
    (OSError("gone"), "gone"), (KeyError("x"), "KeyError: 'x'; this is a mistake")])
def test_a_failed_run_is_one_line_and_absent(task, monkeypatch, error, says):
    def bad_run(arguments, screen):
        write_result(arguments.output, arguments)
        raise error
    with_run(monkeypatch, bad_run)
    problem = carry_out(task)
    assert says in problem and "\n" not in problem
    assert task.place.report("walk0") is None and b"Traceback" in task.place.read("logs", "walk0.txt")


def test_a_run_that_ended_early_is_absent(task, monkeypatch):
    def stopped(arguments, screen):
        write_result(arguments.output, arguments)
        return type("Stopped", (), {"ended": "interrupted"})
    with_run(monkeypatch, stopped)
    assert carry_out(task) == "the run ended early" and task.place.report("walk0") is None


def test_a_remote_recording_is_fetched_and_its_result_put_back(task, monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.pipe_file("/in/walk/rgb.txt", b"list")
    seen = []

    def look(arguments, screen):
        seen.append((arguments.source, Path(arguments.source, "rgb.txt").read_text()))
        return good_run(arguments, screen)
    with_run(monkeypatch, look)
    arguments = type(task.arguments)(source="memory:///in/walk", set=[])
    remote = Task("walk", arguments, (), Place.of("memory://out"), task.folder)
    assert carry_out(remote) is None and seen[0][1] == "list"
    report = json.loads(system.cat_file("/out/walk/report.json"))
    assert report["arguments"]["source"] == "memory:///in/walk", "not the copy's place"
    gone = Task("gone", type(task.arguments)(source="memory:///in/gone", set=[]), (), remote.place, task.folder)
    assert "memory:///in/gone" in carry_out(gone)
    system.store.clear()
