"""Ctrl-C, `kill` and a closed terminal as a wish to stop between two frames, so that what was done can be saved."""

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from calib.base.errors import MonofuseError
from calib.base.stop_signals import catch_stop_signals, restore_signals

Item = TypeVar("Item")


class Interrupted(MonofuseError):
    """The user ended the run. `exit_code` is that of a shell: 130 for Ctrl-C, 143 for `kill`."""

    def __init__(self, number: int):
        super().__init__("interrupted")
        self.exit_code = 128 + number


class StopSignal:
    """Within its `with` block a signal does not end the process; `until_stopped` and `patiently` heed it."""

    def __init__(self):
        self.number: int | None = None
        """The first signal that came."""
        self.is_impatient = False
        """Whether what follows the frames is to be left out: a signal asks for that, or came while it was done."""
        self._waiting = False
        self._saw_frames = False
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> "StopSignal":
        self._handlers = catch_stop_signals(self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        restore_signals(self._handlers)

    def until_stopped(self, frames: Iterable[Item]) -> Iterator[Item]:
        """Yield frames; raise Interrupted once a signal has come.

        One that comes while a frame is processed waits for its end, since half a frame would spoil the map. One that
        comes while the source is waited for ends the wait, which could be forever.
        """
        iterator = iter(frames)
        try:
            while self.number is None:
                self._waiting = True
                try:
                    frame = next(iterator)
                except StopIteration:
                    return
                self._waiting = False
                yield frame
        finally:
            self._waiting, self._saw_frames = False, True
            if close := getattr(iterator, "close", None):
                close()
        raise Interrupted(self.number)

    def patiently(self, steps: Iterable[Item]) -> Iterator[Item]:
        """Yield the steps of work that follows the frames, until the user does not want to wait for it any longer.

        A first Ctrl-C ends the frames alone, `kill` and a closed terminal end both.
        """
        for step in steps:
            if self.is_impatient:
                return
            yield step

    def end_at_once(self) -> None:
        """From here on a signal ends the process there and then, even inside a library that takes long to return."""
        for number in self._handlers:
            signal.signal(number, signal.SIG_DFL)

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """After `end_at_once`: a `with` block in which signals are heeded by `patiently` again."""
        self.is_impatient = False
        for number in self._handlers:
            signal.signal(number, self._on_signal)
        try:
            yield
        finally:
            self.end_at_once()

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self.is_impatient = self.is_impatient or self._saw_frames or number != signal.SIGINT
        if self._waiting and self.number is None:
            self.number = number
            raise Interrupted(number)
        self.number = self.number or number
