"""What all command lines share: one line and an exit code for whatever goes wrong, bars, signals."""

import errno
import io
import os
import signal
import subprocess
import sys

import pytest
from rich.console import Console

from calib.base.command_line import OneLineParser, columns_and_rows, exit_code, whole_number
from calib.base.errors import BadInputError, MonofuseError
from calib.base.progress import progress_bar, tracked
from calib.base.stop_signals import STOP_SIGNALS, catching_stop_signals
from tests.helpers.paths import ROOT


@pytest.mark.parametrize("error, code, line", [
    (None, 0, ""), (MonofuseError("it failed"), 1, "it failed"), (BadInputError("no such thing"), 2, "no such thing"),
    (PermissionError(13, "Permission denied", "a"), 2, "[Errno 13] Permission denied: 'a'"),
    (KeyboardInterrupt(), 130, "interrupted")])
def test_what_goes_wrong_is_one_line_and_an_exit_code(capsys, error, code, line):
    def action():
        if error:
            raise error

    assert exit_code("depth", action) == code
    assert capsys.readouterr().err == (f"depth: {line}\n" if line else "")


def test_a_mistake_of_ours_shows_where_it_is(capsys):
    assert exit_code("depth", lambda: {}["key"]) == 1
    shown = capsys.readouterr().err
    assert "Traceback" in shown and shown.splitlines()[-1].startswith("depth: this is a mistake in monofuse")


def test_wrong_arguments_say_whose_help_to_read():
    parser = OneLineParser(prog="python -m depth")
    parser.add_subparsers(required=True, metavar="COMMAND").add_parser("list")
    with pytest.raises(BadInputError, match="--fast; see python -m depth list --help"):
        parser.parse_args(["list", "--fast"])


@pytest.mark.parametrize("parse, text", [(whole_number(1), "0"), (whole_number(1), "-3"), (whole_number(1), "1.5"),
                                         (columns_and_rows, "4"), (columns_and_rows, "4x"), (columns_and_rows, "0x4")])
def test_numbers_that_are_none(parse, text):
    parser = OneLineParser(prog="x")
    parser.add_argument("number", type=parse)
    with pytest.raises(BadInputError, match="expected"):
        parser.parse_args(["--", text])


def test_a_bar_is_for_terminals(capsys):
    assert list(tracked("abc", 3, "counting")) == ["a", "b", "c"] and capsys.readouterr().out == ""
    screen = io.StringIO()
    with progress_bar(console=Console(file=screen, force_terminal=True, width=80), transient=False) as bar:
        bar.update(bar.add_task("[counting]", total=3), completed=2)
    assert "[counting]" in screen.getvalue() and "2/3" in screen.getvalue()


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_is_a_wish_while_somebody_catches_it(number):
    before, seen = signal.getsignal(number), []
    with catching_stop_signals(lambda number, _: seen.append(number)):
        os.kill(os.getpid(), number)
    assert seen == [number] and signal.getsignal(number) is before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is none on Windows")
def test_a_hang_up_that_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with catching_stop_signals(lambda *_: None):
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory"),
                                   RuntimeError("std::bad_alloc")])
def test_too_little_memory_is_one_line(error, capsys):
    def action():
        raise error

    assert exit_code("program", action) == 1
    line, = capsys.readouterr().err.splitlines()
    assert line.startswith("program: not enough memory: ")


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
def test_a_limit_that_no_import_fits_into_is_one_line():
    """A real process: NumPy alone does not fit."""
    import resource
    limit = 200 << 20
    process = subprocess.run([sys.executable, ROOT / "run_slam.py", "synthetic"], capture_output=True, text=True,
                             timeout=60, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert process.returncode == 1 and "Traceback" not in process.stderr
    assert process.stderr.splitlines()[-1].startswith("monofuse: not enough memory: ")
