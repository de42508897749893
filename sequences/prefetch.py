"""Work done ahead in a thread of its own. The one place where threads meet the pipeline."""

import atexit
import queue
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from typing import TypeVar

from sequences.frame import Frame
from sequences.sequence import Sequence, is_live

END = object()
PATIENCE_S = 2.0
"""How long the thread may take to end when the loop is left. It may be stuck in a camera that no longer answers."""
LAST_PATIENCE_S = 15.0
"""How long it may take at the end of the process: a thread that comes back from a library while Python shuts down
aborts it."""
Item = TypeVar("Item")


def ahead(frames: Iterable[Frame], sequence: Sequence) -> Generator[Frame, None, None]:
    """Frames of a sequence, read in a thread of their own; a camera does not wait, so of its frames the newest."""
    return newest(frames, leave=sequence.stop) if is_live(sequence) else prefetch(frames)


def prefetch(items: Iterable[Item], max_waiting: int = 2) -> Generator[Item, None, None]:
    """Iterate over `items`, which is advanced in another thread until `max_waiting` items wait to be taken.

    An exception raised there is raised here, after the items before it. Leaving the loop early stops the thread, which
    then closes a generator that it advanced, so that files and further threads behind it end there and then.
    """
    return _ahead(items, queue.Queue(max_waiting), make_room=lambda: None, leave=lambda: None)


def newest(items: Iterable[Item], leave: Callable[[], object] = lambda: None) -> Generator[Item, None, None]:
    """Iterate over `items` that come by themselves, in another thread: one that was not taken gives way to the next.

    So what is taken is never older than the time between two items. `leave` is called when the loop is left, to rouse
    a source that waits for an item which may never come.
    """
    ready = queue.Queue(1)

    def make_room():
        with suppress(queue.Empty):
            ready.get_nowait()

    return _ahead(items, ready, make_room, leave)


def _ahead(items: Iterable[Item], ready: queue.Queue, make_room: Callable[[], None],
           leave: Callable[[], object]) -> Generator[Item, None, None]:
    stopped = threading.Event()

    def offer(item, error=None):
        while not stopped.is_set():
            try:
                ready.put((item, error), timeout=0.1)
            except queue.Full:
                continue
            return

    def produce():
        try:
            iterator = iter(items)
            for item in iterator:
                make_room()
                offer(item)
                if stopped.is_set():
                    break
            if isinstance(iterator, Generator):
                iterator.close()
            offer(END)
        except BaseException as error:
            offer(END, error)

    thread = threading.Thread(target=produce, daemon=True)
    thread.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is END:
                return
            yield item
    finally:
        stopped.set()
        leave()
        thread.join(PATIENCE_S)
        if thread.is_alive():
            atexit.register(thread.join, LAST_PATIENCE_S)
