"""`monofuse view` as a user starts it, and when a run stays for its viewer."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from argparse import Namespace
from importlib.util import find_spec

import pytest

from monofuse.interface.stand_ins import NoViewer
from monofuse.interface.viewer.presence import Presence
from monofuse.interface.viewer.server import Served
from monofuse.view_command import main
from monofuse.viewing import stay
from tests.helpers.paths import ROOT
from tests.helpers.slam_process import SHORT
from tests.helpers.small_result import write_result

needs_viser = pytest.mark.skipif(find_spec("viser") is None, reason="viser is not installed")


@needs_viser
def test_a_result_is_served_until_ctrl_c(tmp_path):
    folder = write_result(tmp_path / "wall")
    process = subprocess.Popen([sys.executable, "-m", "monofuse", "view", str(folder)], cwd=ROOT, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | {"PYTHONPATH": "."})
    try:
        address = process.stdout.readline().split()[1]
        assert b"<html" in urllib.request.urlopen(address, timeout=30).read()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()    # `communicate` would miss what `readline` has taken from the pipe already
        assert process.wait(timeout=60) == 0 and "Ctrl-C" in rest and "Traceback" not in rest
    finally:
        process.kill()


@pytest.mark.parametrize("content", [None, b"", b"glTF"])
def test_what_is_no_result_is_refused_in_one_line(tmp_path, capsys, content):
    if content is not None:
        (tmp_path / "mesh.glb").write_bytes(content)
    assert main([str(tmp_path / "mesh.glb")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


class Said:
    """A screen that remembers."""

    is_terminal = False

    def __init__(self):
        self.lines = []

    def print(self, line):
        self.lines.append(line)


def test_a_viewer_for_others_comes_with_a_warning():
    assert len(Served(None, "http://127.0.0.1:8080/x/", False).lines()) == 1
    assert "not encrypted" in Served(None, "http://here:8080/x/", True).lines()[-1]


class Server:
    """One that browsers come to and leave."""

    def __init__(self):
        self.clients, self.came = {}, None

    def on_client_connect(self, callback):
        self.came = callback

    def get_clients(self):
        return self.clients


def test_waiting_ends_when_the_page_is_closed_but_not_when_it_loads_again(monkeypatch):
    monkeypatch.setattr("monofuse.interface.viewer.presence.RELOAD_S", 0.3)
    server = Server()
    presence = Presence(server)
    polls = iter(range(1000))
    there = [False] * 3 + [True] * 2 + [False] + [True] * 2 + [False] * 50

    def look():
        poll = next(polls)
        server.clients = {0: None} if there[poll] else {}
        if there[poll]:
            server.came(None)
        return False

    presence.wait_until_closed(look)
    assert 9 <= next(polls) <= 14


class Watched:
    """A viewer, as far as `stay` is concerned."""

    def __init__(self, is_there):
        self.presence, self.done = Namespace(is_there=is_there), []

    def finish(self, folder):
        self.done.append("finish")

    def wait(self, is_enough):
        self.done.append("wait")


@pytest.mark.parametrize("is_there, is_terminal, number, no_wait, stays", [
    (True, False, None, False, True), (False, False, None, False, False), (False, True, None, False, True),
    (True, True, None, True, False), (True, False, signal.SIGINT, False, True),
    (False, True, signal.SIGINT, False, False), (True, True, signal.SIGTERM, False, False)])
def test_a_run_stays_for_who_looks(tmp_path, is_there, is_terminal, number, no_wait, stays):
    from monofuse.interface.stop_signal import StopSignal
    viewer, screen = Watched(is_there), Said()
    screen.is_terminal = is_terminal
    session = Namespace(viewer=viewer, counter=Namespace(tracked=3), failures=[])
    with StopSignal() as stop:
        stop.number = number
        stay(session, Namespace(place=tmp_path), Namespace(no_wait=no_wait), stop, screen)
    assert viewer.done == (["finish", "wait"] if stays else [])


def test_without_a_viewer_nothing_is_waited_for(tmp_path):
    stay(Namespace(viewer=NoViewer()), None, Namespace(no_wait=False), Namespace(number=None), Said())


@needs_viser
def test_the_buttons_of_the_live_view_steer_a_whole_run(kernels, recording, tmp_path, monkeypatch, capsys):
    """Saved after 5 frames, begun anew after 7, stopped after 13 of 20; and nobody looks, so it ends by itself."""
    from monofuse.interface.viewer.live import Viewer
    from monofuse.interface.viewer.panel import RESET, SAVE
    from monofuse.run import main as run
    out, saved = tmp_path / "out", []
    show = Viewer.show

    def press(self, frame, result):
        if frame.index in (5, 7):
            self.controls.ask(SAVE if frame.index == 5 else RESET)
        self.controls.is_stopped = frame.index == 13
        show(self, frame, result)
        if frame.index == 5:
            saved.append(len((out / "trajectory.txt").read_text().splitlines()))

    monkeypatch.setattr(Viewer, "show", press)
    assert run([str(recording), "--depth", "sensor", "--viewer", *SHORT, "--output", str(out)]) == 0
    report = json.loads((out / "report.json").read_text())
    assert (report["ended"], report["frames"], report["problems"]) == ("interrupted", 14, [])
    assert saved[0] >= 6 and len((out / "trajectory.txt").read_text().splitlines()) == saved[0]
    assert re.search(r"viewer     http://127\.0\.0\.1:\d+/\S{20,}/", capsys.readouterr().out)
