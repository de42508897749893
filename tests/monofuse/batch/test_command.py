"""`monofuse batch` with an engine that works in this process."""

import csv
import signal

import pytest

from calib.base.errors import BadInputError
from monofuse.batch import command
from monofuse.batch.command import locked, main
from monofuse.batch.place import Place
from monofuse.batch.task import Ended
from tests.helpers.batch_tasks import EngineHere, write_result

WORDS = ("synthetic:seed=1", "synthetic:seed=2")


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    engine = EngineHere(write_result)
    monkeypatch.setattr(command, "open_engine", lambda *_: engine)
    return engine


def rows(folder):
    return list(csv.DictReader((folder / "summary.csv").open()))


def test_all_are_run_once_and_summarised(engine, tmp_path, capsys):
    for _ in range(2):
        assert main([*WORDS, "--output", str(tmp_path), "--depth", "sensor"]) == 0
    assert engine.started == ("synthetic_seed=1", "synthetic_seed=2")
    assert [(row["name"], row["state"], row["frames"], row["ate_sim3_m"]) for row in rows(tmp_path)] == [
        ("synthetic_seed=1", "complete", "5", "0.004"), ("synthetic_seed=2", "complete", "5", "0.004")]
    page = (tmp_path / "summary.html").read_text()
    assert "2 complete, 0 failed" in page and 'src="synthetic_seed%3D2/overview.png"' in page
    assert "2 of them finished already" in capsys.readouterr().out


def test_failures_are_listed_and_tried_again(engine, tmp_path, capsys):
    engine.failing = ("synthetic_seed=1",)
    assert main([*WORDS, "--output", str(tmp_path)]) == 1
    assert "1 of 2 failed, first synthetic_seed=1: no <texture>" in capsys.readouterr().err
    assert [(row["state"], row["problem"]) for row in rows(tmp_path)] == [("failed", "no <texture>"), ("complete", "")]
    assert "no &lt;texture&gt;" in (tmp_path / "summary.html").read_text()
    engine.failing = ()
    assert main([*WORDS, "--output", str(tmp_path)]) == 0
    assert engine.started[2:] == ("synthetic_seed=1",)


def test_an_interrupted_batch_still_has_its_summary(tmp_path, monkeypatch):
    def interrupted(self, tasks):
        yield Ended(tasks[0], "no")
        signal.raise_signal(signal.SIGINT)
        yield None
        raise AssertionError("goes on")
    monkeypatch.setattr(EngineHere, "results", interrupted)
    assert main([*WORDS, "--output", str(tmp_path)]) == 130
    assert [row["state"] for row in rows(tmp_path)] == ["failed", "missing"]


def test_a_search_has_a_column_for_what_it_varies(tmp_path):
    assert main([WORDS[0], "--output", str(tmp_path), "--set", "tracker.samples=500,1000"]) == 0
    assert [row["tracker.samples"] for row in rows(tmp_path)] == ["500", "1000"]


def test_two_batches_do_not_meet(engine, tmp_path):
    pytest.importorskip("filelock")
    with locked(Place.of(str(tmp_path))):
        assert main([*WORDS, "--output", str(tmp_path)]) == 2
    assert engine.started == ()


@pytest.mark.parametrize("words, says", [
    ([*WORDS], "required: --output"), (["--output", "x"], "RECORDING"),
    ([*WORDS, "--output", "x", "--set", "tracker.sample=1"], "tracker.sample"),
    ([*WORDS, "--output", "x", "--set", "tracker.samples=1,many"], "whole number"),
    ([*WORDS, "--output", "x", "--viewer"], "--viewer is for single runs"),
    ([*WORDS, "--output", "x", "--memory", "-1"], "at least 0"), (["@nowhere.txt", "--output", "x"], "nowhere.txt")])
def test_mistakes_are_one_line(engine, tmp_path, monkeypatch, capsys, words, says):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1 and engine.started == ()


def test_engines_that_exclude_each_other(tmp_path, monkeypatch):
    monkeypatch.undo()
    for options, says in ((["--workers", "2", "--address", "auto"], "for this machine"),
                          (["--slurm", "partition=a", "--workers", "2"], "neither"), (["--slurm", "a"], "NAME=VALUE")):
        arguments = command.parse_arguments([*WORDS, "--output", str(tmp_path), *options], "monofuse batch")
        with pytest.raises(BadInputError, match=says):
            command.open_engine(arguments, Place.of(str(tmp_path)))
