"""Work for another thread, whose result is taken a fixed number of frames later.

So tracking goes on meanwhile, and the same frames give the same map, however fast the threads are: a result that is not
there in time is waited for.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Generic, TypeVar

FRAMES = 6
"""Frames from the beginning of a piece of work to its result, by default: at 30 Hz, a fifth of a second, time
enough for a keyframe's work."""

T = TypeVar("T")


class HandOver(Generic[T]):
    """Pieces of work of one kind, taken in the order in which they began."""

    def __init__(self, executor: Executor, frames: int = FRAMES):
        """frames: calls of `due` until a result is there; with 1, the next one returns it."""
        self._executor, self._frames, self._frame = executor, frames, 0
        self._begun: deque[tuple[int, Future[T]]] = deque()

    def __len__(self) -> int:
        """Pieces that have begun and were not taken."""
        return len(self._begun)

    def begin(self, work: Callable[[], T]) -> None:
        """Have work done. It must not touch what this thread changes meanwhile."""
        self._begun.append((self._frame + self._frames, self._executor.submit(work)))

    def due(self) -> list[T]:
        """To be called once a frame -> results that are due now. Raises what went wrong in them."""
        self._frame += 1
        results = []
        while self._begun and self._begun[0][0] <= self._frame:
            results.append(self._begun.popleft()[1].result())
        return results

    def rest(self) -> list[T]:
        """All results that are still to come, waited for. Raises what went wrong in them."""
        results = [future.result() for _, future in self._begun]
        self._begun.clear()
        return results
