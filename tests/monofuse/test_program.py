"""The program `monofuse`: it hands the words on, and says how it was started."""

import subprocess
import sys

import pytest

from calib.base.command_line import name_of
from monofuse.__main__ import COMMANDS, main
from tests.helpers.paths import ROOT


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


@pytest.mark.parametrize("words, usage, prefix", [
    (["run_slam.py"], "python run_slam.py [-h]", "run_slam: "),
    (["-m", "monofuse", "run"], "python -m monofuse run [-h]", "monofuse run: "),
    (["-m", "monofuse", "eval"], "python -m monofuse eval [-h]", "monofuse eval: "),
    (["-m", "calib"], "python -m calib [-h] COMMAND", "calib: "),
    (["-m", "depth"], "python -m depth [-h] COMMAND", "depth: "),
    (["-m", "slam"], "python -m slam [-h] evaluate", "slam: "),
    (["-m", "slam", "evaluate"], "python -m slam evaluate [-h]", "slam: "),
    (["-m", "sequences"], "python -m sequences [-h] COMMAND", "sequences: ")])
def test_usage_and_errors_say_how_it_was_started(words, usage, prefix):
    def run(word):
        return subprocess.run([sys.executable, *words, word], cwd=ROOT, capture_output=True, text=True, timeout=60)
    done = run("--help")
    assert done.returncode == 0 and done.stdout.startswith(f"usage: {usage}"), done.stderr
    done = run("--no-such-option")
    assert done.returncode == 2 and done.stderr.startswith(prefix) and done.stderr.count("\n") == 1


def test_run_is_run_slam(recording, tmp_path, capsys):
    options = ["--depth", "sensor", "--max-frames", "6", "--output", str(tmp_path / "out")]
    assert main(["run", str(recording), *options]) == 0
    assert (tmp_path / "out" / "trajectory.txt").exists() and "6 read, 6 tracked" in capsys.readouterr().out


def test_a_source_alone_is_run(recording, tmp_path, capsys):
    output = ["--output", str(tmp_path / "out")]
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
