"""The program `monofuse`: it hands the words on, and says how it was started."""

import runpy
import sys

import pytest

from calib.base.command_line import name_of
from monofuse import run as run_slam
from monofuse.__main__ import COMMANDS, main
from tests.helpers.paths import ROOT
from tests.helpers.slam_process import SHORT


def said(capsys, *words):
    """-> (exit code, standard output, standard error)"""
    code = main(words)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


@pytest.mark.parametrize("words, says", [([], "which source or command? As in monofuse room.mp4"),
                                         (["mesure"], "no command 'mesure'"), (["--fast"], "no command '--fast'")])
def test_no_command_or_an_unknown_one_is_one_line_that_lists_them(capsys, words, says):
    code, out, err = said(capsys, *words)
    assert (code, out) == (2, "") and err.startswith("monofuse: ") and err.count("\n") == 1
    assert says in err and all(name in err for name in COMMANDS)


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_the_commands(capsys, option):
    with pytest.raises(SystemExit) as caught:
        main([option])
    shown = capsys.readouterr().out
    assert caught.value.code == 0 and shown.startswith("usage: monofuse SOURCE [OPTION ...] | COMMAND ...\n")
    assert all(f"\n  {name} " in shown and command.help in shown for name, command in COMMANDS.items())


def test_the_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0 and capsys.readouterr().out.startswith("monofuse ")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_the_rest_of_the_words(capsys, name):
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0 and capsys.readouterr().out.startswith(f"usage: monofuse {name} [-h]")
    code, out, err = said(capsys, name, "--no-such-option")
    assert (code, out) == (2, "") and err.startswith(f"monofuse {name}: ") and err.count("\n") == 1


@pytest.mark.parametrize("started, words, usage, prefix", [
    ("run_slam.py", [], "python run_slam.py [-h]", "run_slam: "),
    ("monofuse", ["run"], "python -m monofuse run [-h]", "monofuse run: "),
    ("monofuse", ["eval"], "python -m monofuse eval [-h]", "monofuse eval: "),
    ("calib", [], "python -m calib [-h] COMMAND", "calib: "),
    ("depth", [], "python -m depth [-h] COMMAND", "depth: "),
    ("slam", [], "python -m slam [-h] evaluate", "slam: "),
    ("slam", ["evaluate"], "python -m slam evaluate [-h]", "slam: "),
    ("sequences", [], "python -m sequences [-h] COMMAND", "sequences: ")])
def test_usage_and_errors_say_how_it_was_started(monkeypatch, capsys, started, words, usage, prefix):
    monkeypatch.delitem(sys.modules, f"{started}.__main__", raising=False)  # runpy warns of what is imported already

    def run(word):
        monkeypatch.setattr(sys, "argv", [started, *words, word])
        with pytest.raises(SystemExit) as caught:
            runpy.run_path(str(ROOT / started), run_name="__main__") if started.endswith(".py") else \
                runpy.run_module(started, run_name="__main__")
        return caught.value.code, *capsys.readouterr()

    code, out, err = run("--help")
    assert not code and out.startswith(f"usage: {usage}"), err
    code, out, err = run("--no-such-option")
    assert code == 2 and err.startswith(prefix) and err.count("\n") == 1


def test_run_is_run_slam(capsys):
    words = ["synthetic", "--depth", "sensor", "--set", "working_width=160", "--list-config"]
    assert main(["run", *words]) == 0
    listing = capsys.readouterr().out
    assert "working_width: 160" in listing
    assert run_slam.main(words) == 0 and capsys.readouterr().out == listing


def test_a_source_alone_is_run(recording, tmp_path, capsys):
    output = [*SHORT, "--output", str(tmp_path / "out")]
    assert main(["--max-frames", "6", "--depth", "sensor", str(recording), *output]) == 0
    assert (tmp_path / "out" / "trajectory.txt").exists() and "6 read, 6 tracked" in capsys.readouterr().out
    for word in ("nowhere/room.mp4", "room.mp4", "tum:nowhere"):
        code, out, err = said(capsys, word)
        assert (code, out) == (2, "") and err.startswith("monofuse: ") and word.split(":")[-1] in err
    with pytest.raises(SystemExit) as caught:
        main([str(recording), "--help"])
    assert caught.value.code == 0 and "--calibration" in capsys.readouterr().out


def test_eval_compares_two_trajectories(tmp_path, capsys):
    lines = "".join(f"{k / 10} {k} {k * k / 10} 0 0 0 0 1\n" for k in range(20))
    (tmp_path / "trajectory.txt").write_text(lines)
    (tmp_path / "groundtruth.txt").write_text(lines)
    assert main(["eval", str(tmp_path), str(tmp_path)]) == 0
    assert "20 of 20 poses" in capsys.readouterr().out
    code, out, err = said(capsys, "eval", str(tmp_path / "nowhere"), str(tmp_path))
    assert (code, out) == (2, "") and err.startswith("monofuse eval: ") and "nowhere" in err


def test_names_before_errors():
    programs = "python run_slam.py", "python -m calib", "python -m monofuse run", "monofuse depth"
    assert [name_of(program) for program in programs] == ["run_slam", "calib", "monofuse run", "monofuse depth"]
