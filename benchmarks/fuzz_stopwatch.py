"""The time that a process takes, on a machine that does other things too."""

import time
from contextlib import suppress
from pathlib import Path

MAX_PAUSE_S = 0.5
"""Between two looks; where it was longer, the whole machine slept or this program was stopped."""
SCHEDSTAT = "/proc/{}/schedstat"


class Stopwatch:
    """`seconds` of a process, while somebody looks again and again: without pauses in looking, and without the time for
    which it wanted to work but other processes had all cores, where the system says so."""

    def __init__(self, pid: int | None):
        self.pid, self.seconds = pid, 0.0
        self._seen_s, self._waited_s = time.monotonic(), self._waiting_s()

    def look(self) -> float:
        """-> seconds up to now"""
        before_s, self._seen_s = self._seen_s, time.monotonic()
        waited_before_s, self._waited_s = self._waited_s, self._waiting_s()
        passed_s = min(self._seen_s - before_s, MAX_PAUSE_S)
        self.seconds += max(0.0, passed_s - max(0.0, self._waited_s - waited_before_s))
        return self.seconds

    def _waiting_s(self):
        with suppress(OSError, ValueError, IndexError):
            return 1e-9 * int(Path(SCHEDSTAT.format(self.pid)).read_text().split()[1])
        return 0.0
