"""A process that reads samples, so that what crashes, hangs or takes too much memory is seen and ended."""

import multiprocessing
import os
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.fuzz_stopwatch import Stopwatch

MAX_S, MAX_MB = 30.0, 2048
"""For one sample: time, and memory of the whole process, in which all of the program is loaded."""
POLL_S = 0.02
STATUS = "/proc/{}/status"


class Outcome(NamedTuple):
    """What came of reading a sample."""

    kind: str
    """Of tests.helpers.fuzz_formats, or `bad`."""
    mistake: str = ""
    """What went wrong, in many words."""
    peak_mb: int = 0
    seconds: float = 0.0


class Reader:
    """Another process takes the place of one that crashes, hangs or grows."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start the process."""
        self.pipe, far_end = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=read_all, args=(far_end,), daemon=True)
        self.process.start()
        far_end.close()
        self.is_new = True

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()

    def outcome_of(self, name: str, sample: Any, changed: Path, max_s: float = MAX_S) -> Outcome:
        """The outcome of reading a sample of a format, in which one file was changed."""
        self.is_new, watch = False, Stopwatch(self.process.pid)
        self.pipe.send((name, sample, changed))
        peak_mb, mistake, is_there = 0, "", False
        try:
            while not mistake and not is_there:
                is_there = self.pipe.poll(POLL_S)
                peak_mb = max(peak_mb, _megabytes(self.process.pid, "VmRSS"))
                if peak_mb > MAX_MB:
                    mistake = f"{peak_mb} MB and growing"
                elif watch.look() > max_s:
                    mistake = f"no answer within {max_s:.0f} s"
            if not mistake:
                kind, mistake = self.pipe.recv()
                peak_mb = max(peak_mb, _megabytes(self.process.pid, "VmHWM"))
                if peak_mb > MAX_MB:
                    kind, mistake = "bad", f"took {peak_mb} MB; {mistake}"
                return Outcome(kind, mistake, peak_mb, watch.seconds)
        except (EOFError, ConnectionError):
            self.process.join(5)
            mistake = f"the process ended with exit code {self.process.exitcode}"
        self.end()
        self.begin()
        return Outcome("bad", mistake, peak_mb, watch.seconds)


def read_all(pipe: Connection) -> None:
    """Answer each sample that comes with its outcome."""
    import cv2
    cv2.setNumThreads(1)
    from calib.base.memory import hand_back
    from tests.helpers import lzfse_blocks
    from tests.helpers.fuzz_formats import FORMATS
    lzfse_blocks.stand_in()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries complain of damaged files
    while True:
        try:
            name, sample, changed = pipe.recv()
        except EOFError:
            return
        hand_back()
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # the peak is that of this sample
        try:
            answer = FORMATS[name].read(sample, changed), ""
        except Exception:
            answer = "bad", traceback.format_exc()[-6000:]
        pipe.send(answer)


def _megabytes(pid, field):
    """A size of /proc/PID/status; 0 where the system has none."""
    with suppress(OSError):
        for line in Path(STATUS.format(pid)).read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) >> 10
    return 0
