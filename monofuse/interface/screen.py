"""What a run shows while it works. Results matter more than messages: no trouble with the screen ends a run."""

import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, TextIO, cast

from rich.console import Console
from rich.status import Status

from calib.base.progress import progress_bar

LINE_EVERY_S = 10.0


class Screen:
    """Standard output: in a terminal with a moving bar, elsewhere plain lines."""

    def __init__(self):
        stream = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 (until the process ends); the caller may close it
        self.is_terminal = stream.isatty()
        self.console = Console(file=cast(TextIO, _Undisturbed(stream)), force_terminal=self.is_terminal,
                               highlight=False, markup=False, emoji=False, soft_wrap=True)

    def print(self, line: str) -> None:
        """One line of plain text."""
        self.console.print(line)

    def rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values as two columns."""
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            self.print(f"{name:<{width}}  {value}")

    def status(self, text: str) -> "Status | LinesNowAndThen":
        """A `with` block during which a terminal says what is being done; `update` says it anew. Elsewhere it is a line
        every LINE_EVERY_S seconds."""
        return self.console.status(text) if self.is_terminal else LinesNowAndThen(self, text)

    def progress(self, total: int | None) -> "TrackingProgress":
        """A `with` block that shows how far a run of `total` frames is; None where that is not known."""
        return TrackingProgress(self, total)


class LinesNowAndThen:
    """What is being done, as a line every LINE_EVERY_S seconds, also while the work says nothing new."""

    def __init__(self, screen: Screen, text: str):
        self.screen, self.text = screen, text
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> "LinesNowAndThen":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    def update(self, text: str) -> None:
        """From now on it is this."""
        self.text = text

    def _tell(self):
        start_s = time.monotonic()
        while not self.ended.wait(LINE_EVERY_S):
            self.screen.print(f"{self.text}, {time.monotonic() - start_s:.0f} s so far")


class TrackingProgress:
    """How far the run is: a bar in a terminal, elsewhere a line every LINE_EVERY_S seconds."""

    def __init__(self, screen: Screen, total: int | None):
        self.screen, self.total = screen, total
        self.bar = progress_bar(console=screen.console, transient=False)
        self.task = self.bar.add_task("waiting for the first frame", total=total)
        self.next_line_s = time.monotonic() + LINE_EVERY_S

    def __enter__(self) -> "TrackingProgress":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def update(self, completed: int, text: str) -> None:
        """`completed` frames are done; `text` says how that goes."""
        self.bar.update(self.task, completed=completed, description=text)
        if not self.screen.is_terminal and time.monotonic() >= self.next_line_s:
            self.next_line_s = time.monotonic() + LINE_EVERY_S
            self.screen.print(f"{completed} of {self.total} frames: {text}" if self.total else
                              f"{completed} frames: {text}")


class _Undisturbed:
    """A stream that falls silent where writing fails: a log on a full disk, a closed pipe, a terminal that is gone."""

    def __init__(self, stream: TextIO):
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> None:
        encoding = self.stream.encoding or "utf-8"
        self._attempt(self.stream.write, text.encode(encoding, "replace").decode(encoding))

    def flush(self) -> None:
        self._attempt(self.stream.flush)

    def _attempt(self, action, *arguments):
        try:
            action(*arguments)
        except OSError:
            # What is still in the buffer must go somewhere, or the interpreter fails on it when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
