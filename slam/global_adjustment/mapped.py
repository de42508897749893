"""One function over many items in several threads, with results in the order of the items."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

AHEAD = 2
"""Items per thread that are begun before their turn: enough for no thread to wait."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def mapped(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """-> function(item) of each item, in order, as many at a time as there are cores

    Who stops asking waits for those that have begun, and no more. Raises what the function raises. It must give the
    same whatever runs beside it, and gains from threads only where it leaves Python: in OpenCV, BLAS, kernels."""
    count, begun = os.cpu_count() or 1, deque[Future[Result]]()
    with ThreadPoolExecutor(count, "mapped") as pool:
        try:
            for item in items:
                begun.append(pool.submit(function, item))
                if len(begun) > AHEAD * count:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
