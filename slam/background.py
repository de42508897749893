"""Work on one object in a thread of its own, in the order in which it was asked for.

Whoever looks at the object waits first until all that was asked for is done. So threads change nothing in results.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

MAX_WAITING = 8
"""Pieces of work that wait at most, each with its images; who asks for more waits for the first."""


class Background:
    """Pieces of work that are done one after the other."""

    def __init__(self, name: str):
        """name: of the thread."""
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: deque[Future] = deque()

    def begin(self, work: Callable[[], object]) -> None:
        """Have work done. Raises what went wrong in earlier work, as far as that is known by now."""
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= MAX_WAITING):
            self._waiting.popleft().result()
        self._waiting.append(self._executor.submit(work))

    def finish(self) -> None:
        """Wait until all work is done. Raises what went wrong in it."""
        while self._waiting:
            self._waiting.popleft().result()
