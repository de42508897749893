"""Runs that end early - Ctrl-C, kill, a closed terminal, a full disk, a bug - leave what was done."""

import os
import pty
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
import trimesh

from monofuse import run as run_slam
from monofuse.interface.stop_signal import Interrupted, StopSignal
from sequences.prefetch import prefetch
from slam.system import SlamSystem
from tests.helpers.slam_process import PATIENCE_S, PROGRAM, ROOT, SHORT, read_surfels, report_in, trajectory_in
from tests.helpers.walk_recording import FRAMES

LONG = 2_000
TENS_OF_FRAMES = rb"\d\d/2000"


@pytest.fixture
def endless(recording):
    """The recording played forth and back for a minute or so."""
    for name in ("rgb", "depth"):
        files = [f"{name}/{k}.png" for k in range(FRAMES)]
        around = files + files[-2:0:-1]
        (recording / f"{name}.txt").write_text(
            "".join(f"{k / 30:.6f} {around[k % len(around)]}\n" for k in range(LONG)))
    return recording


@pytest.fixture
def in_terminal(kernels, tmp_path):
    """Starts a run in a terminal of its own, with its results in tmp_path/out -> Terminal"""
    runs = []

    def start(source, *options):
        runs.append(Terminal(source, "--depth", "sensor", *options, "--output", tmp_path / "out"))
        return runs[-1]

    yield start
    for run in runs:
        run.end()


class Terminal:
    """A program with a terminal of its own."""

    def __init__(self, *arguments):
        self.screen, self.status = b"", None
        self.pid, self.keyboard = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, str(PROGRAM), *map(str, arguments)])
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            while data := os.read(self.keyboard, 65536):
                self.screen += data
        except OSError:
            pass

    def wait_for(self, pattern):
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.screen):
            assert time.monotonic() < deadline and self.reader.is_alive(), self.screen.decode()
            time.sleep(0.02)

    def press_ctrl_c(self):
        os.write(self.keyboard, b"\x03")

    def close(self):
        os.close(self.keyboard)

    def exit_code(self):
        """Like subprocess: negative for the signal that ended it."""
        deadline = time.monotonic() + PATIENCE_S
        while self.status is None:
            assert time.monotonic() < deadline, self.screen.decode()
            time.sleep(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return os.waitstatus_to_exitcode(self.status)

    def end(self):
        """See to it that nothing is left of it."""
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def files_in(folder):
    """Names of the files in it, without what SQLite keeps beside a map until that is closed."""
    return {file.name for file in folder.iterdir() if not file.name.startswith("map.db-")}


def check_saved(folder):
    report = report_in(folder)
    assert report["ended"] == "interrupted" and 10 <= report["tracked"] == report["frames"] < LONG
    assert len(trajectory_in(folder)) == report["tracked"]
    assert len(read_surfels(folder / "map.ply")) == report["surfels"] > 1000
    return report


def test_ctrl_c_saves_what_there_is(in_terminal, endless, tmp_path):
    run = in_terminal(endless, *SHORT)
    run.wait_for(TENS_OF_FRAMES)
    run.press_ctrl_c()
    assert run.exit_code() == 130
    run.reader.join()
    check_saved(tmp_path / "out")
    assert len(trimesh.load(tmp_path / "out" / "mesh.ply", process=False).faces) > 1000
    assert run.screen.endswith(b"run_slam: interrupted\r\n") and b"Traceback" not in run.screen


def test_a_second_ctrl_c_only_leaves_out_the_mesh(in_terminal, endless, tmp_path):
    run = in_terminal(endless, "--no-scene")
    run.wait_for(TENS_OF_FRAMES)
    os.kill(run.pid, signal.SIGTERM)
    run.wait_for(b"building the mesh")
    run.press_ctrl_c()
    assert run.exit_code() == -signal.SIGINT
    report = check_saved(tmp_path / "out")
    first, *cut_short, last = report["problems"]
    assert (first, last) == ("interrupted", "ended before the mesh was complete")
    assert cut_short and all(problem.startswith("cut short, as Ctrl-C asked: ") for problem in cut_short)
    assert files_in(tmp_path / "out") == {"trajectory.txt", "map.ply", "report.json", "map.db", "keyframes.zip"}


def test_a_closed_terminal_saves_what_there_is(in_terminal, endless, tmp_path):
    run = in_terminal(endless, *SHORT)
    run.wait_for(TENS_OF_FRAMES)
    run.close()
    assert run.exit_code() == 128 + signal.SIGHUP
    check_saved(tmp_path / "out")
    assert (tmp_path / "out" / "mesh.ply").exists()


def test_a_bug_saves_what_there_is(kernels, recording, tmp_path, monkeypatch, capsys):
    process = SlamSystem.process

    def buggy(self, frame):
        if frame.index == 15:
            raise RuntimeError("a bug in frame 15")
        return process(self, frame)

    monkeypatch.setattr(SlamSystem, "process", buggy)
    assert run_slam.main([str(recording), "--depth", "sensor", *SHORT, "--output", str(tmp_path / "out")]) == 1
    errors = capsys.readouterr().err
    assert "RuntimeError: a bug in frame 15" in errors and errors.splitlines()[-1].startswith("run_slam: ")
    report = report_in(tmp_path / "out")
    assert report["ended"] == "failed" and report["problems"] == ["RuntimeError: a bug in frame 15"]
    assert len(trajectory_in(tmp_path / "out")) == report["tracked"] == 15
    assert (tmp_path / "out" / "mesh.ply").exists() and (tmp_path / "out" / "map.ply").exists()


@pytest.fixture
def full_disk():
    """No file may exceed 100 kB: a disk full for the map and the mesh, but not for the path and the report."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_keeps_what_fits(kernels, recording, full_disk, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mesh.ply").write_text("of an older run")
    new = tmp_path / "out" / "unfinished"
    assert run_slam.main([str(recording), "--depth", "sensor", *SHORT, "--output", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert f"cannot write {new}/map.ply" in said.err and "free some space" in said.err
    assert (tmp_path / "out" / "mesh.ply").read_text() == "of an older run"
    assert files_in(new) - {"map.db"} == {"trajectory.txt", "report.json", "keyframes.zip"} and str(new) in said.out
    report = report_in(new)
    assert report["ended"] == "failed"
    assert len(trajectory_in(new)) == report["tracked"] == report["frames"] == FRAMES
    assert all(any(name in problem and "free some space" in problem for problem in report["problems"])
               for name in ("map.ply", "mesh.ply"))


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_source_that_no_longer_answers_does_not_hold_up_the_end(monkeypatch, number, code):
    monkeypatch.setattr("sequences.prefetch.PATIENCE_S", 0.2)
    threading.Timer(0.3, os.kill, (os.getpid(), number)).start()
    taken = []
    start = time.monotonic()
    with StopSignal() as stop, pytest.raises(Interrupted) as caught:
        taken.extend(stop.until_stopped(prefetch(stuck())))
    assert taken == [0] and caught.value.exit_code == code and time.monotonic() - start < 5


def stuck():
    yield 0
    time.sleep(30)


def test_a_frame_at_work_is_finished():
    done = []
    with StopSignal() as stop, pytest.raises(Interrupted):
        for frame in stop.until_stopped(range(5)):
            if frame == 2:
                os.kill(os.getpid(), signal.SIGTERM)
                os.kill(os.getpid(), signal.SIGINT)
            done.append(frame)
    assert done == [0, 1, 2] and stop.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("during_frames, after, steps_done", [
    ([], [], [0, 1, 2, 3]), ([signal.SIGINT], [], [0, 1, 2, 3]), ([signal.SIGINT], [signal.SIGINT], [0, 1]),
    ([], [signal.SIGINT], [0, 1]), ([signal.SIGTERM], [], []), ([signal.SIGINT, signal.SIGTERM], [], [])])
def test_a_second_signal_leaves_out_what_follows_the_frames(during_frames, after, steps_done):
    done = []
    with StopSignal() as stop:
        with suppress(Interrupted):
            for _ in stop.until_stopped(range(3)):
                for number in during_frames:
                    os.kill(os.getpid(), number)
        for step in stop.patiently(range(4)):
            done.append(step)
            if step == 1:
                for number in after:
                    os.kill(os.getpid(), number)
    assert done == steps_done


def test_a_signal_leaves_out_steps_after_the_end_was_near():
    done = []
    with StopSignal() as stop:
        list(stop.until_stopped(range(2)))
        stop.end_at_once()
        with stop.heeded():
            for step in stop.patiently(range(4)):
                done.append(step)
                if step == 1:
                    os.kill(os.getpid(), signal.SIGINT)
        assert stop.is_impatient and signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    assert done == [0, 1]


def test_nohup_is_respected():
    program = ("import signal; from monofuse.interface.stop_signal import StopSignal\n"
               "with StopSignal(): print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)")
    run = subprocess.run(["sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-c", program], cwd=ROOT,
                         capture_output=True, text=True, timeout=PATIENCE_S)
    assert run.stdout == "True\n"
