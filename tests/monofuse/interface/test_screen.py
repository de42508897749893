"""What a run says, and that nothing it says can end it."""

import io
import os
import sys
import time

import pytest

from monofuse.interface import screen
from monofuse.interface.screen import Screen


def test_names_are_not_taken_for_markup(capsys):
    Screen().print("source     [bold]walk[/x] :smile:")
    assert capsys.readouterr().out == "source     [bold]walk[/x] :smile:\n"


def test_rows_line_up(capsys):
    Screen().rows([("frames", "20 read"), ("  a long name", "1 ms")])
    assert capsys.readouterr().out == "frames         20 read\n  a long name  1 ms\n"


@pytest.mark.parametrize("total, first", [(3, "1 of 3 frames: fast\n"), (None, "1 frames: fast\n")])
def test_progress_is_a_line_now_and_then_where_there_is_no_terminal(monkeypatch, capsys, total, first):
    for every_s, lines in ((0.0, 3), (1000.0, 0)):
        monkeypatch.setattr(screen, "LINE_EVERY_S", every_s)
        with Screen().progress(total) as progress:
            for k in range(3):
                progress.update(k + 1, "fast")
        out = capsys.readouterr().out
        assert out.count("\n") == lines and out.startswith(first if lines else "")


def test_long_work_is_a_line_now_and_then_also_while_it_says_nothing(monkeypatch, capsys):
    monkeypatch.setattr(screen, "LINE_EVERY_S", 0.01)
    with Screen().status("adjusting") as status:
        time.sleep(0.1)
        status.update("adjusting: 50%")
        time.sleep(0.1)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "adjusting, 0 s so far" and said[-1] == "adjusting: 50%, 0 s so far" and len(said) >= 3
    monkeypatch.setattr(screen, "LINE_EVERY_S", 1000.0)
    with Screen().status("quick"):
        pass
    assert not capsys.readouterr().out


def test_letters_that_the_output_lacks_are_replaced(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    Screen().print("küche")
    assert stream.buffer.getvalue() == b"k?che\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_behind_the_output_is_no_error(monkeypatch):
    with open("/dev/full", "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        shown = Screen()
        shown.print("one")
        shown.print("two")


def test_no_output_at_all_is_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    Screen().print("to nobody")
