"""What the user asks for by the buttons of the live view; the threads of the server write it, the pipeline heeds it."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
POLL_S = 0.05


class Controls:
    """Wishes that are heeded between two frames, in the thread of the pipeline."""

    def __init__(self):
        self.is_paused = False
        self.is_stopped = False
        """Whether the frames shall end here, and what follows them begin."""
        self._asked: list[str] = []
        self._answers: dict[str, Callable[[], None]] = {}

    def answer(self, wish: str, work: Callable[[], None]) -> None:
        """What is done when somebody asks for `wish`."""
        self._answers[wish] = work

    def can(self, wish: str) -> bool:
        """Whether there is something to be done for `wish`."""
        return wish in self._answers

    def ask(self, wish: str) -> None:
        """Have it done after the present frame."""
        self._asked.append(wish)

    def do_what_is_asked(self) -> list[str]:
        """Do it, in the thread that calls -> what was done"""
        done = []
        while self._asked:
            wish = self._asked.pop(0)
            if self.can(wish):
                self._answers[wish]()
                done.append(wish)
        return done

    def heeded(self, frames: Iterable[Item]) -> Iterator[Item]:
        """Yield frames, none while paused, and none after the user has stopped."""
        iterator = iter(frames)
        try:
            while True:
                while self.is_paused and not self.is_stopped:
                    self.do_what_is_asked()
                    time.sleep(POLL_S)
                if self.is_stopped:
                    return
                try:
                    frame = next(iterator)
                except StopIteration:
                    return
                yield frame
        finally:
            if close := getattr(iterator, "close", None):
                close()
