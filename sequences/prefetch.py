"""Work done ahead in a thread of its own. The one place where threads meet the pipeline."""

import atexit
import queue
import threading
from contextlib import suppress

from sequences.sequence import is_live

END = object()
PATIENCE_S = 2.0
"""For the thread to end when the loop is left. It may be stuck in a camera that no longer answers."""
LAST_PATIENCE_S = 15.0
"""For the same at the end of the process: a thread that comes back from a library while Python shuts down aborts it."""


def ahead(frames, sequence):
    """Frames of a sequence, read in a thread of their own; a camera does not wait, so of its frames the newest."""
    return newest(frames, leave=sequence.stop) if is_live(sequence) else prefetch(frames)


def prefetch(items, depth=2):
    """Iterate over `items`, which is advanced in another thread at most `depth` items ahead.

    An exception raised there is raised here, after the items before it. Leaving the loop early stops the thread, which
    then closes a generator that it advanced, so that files and further threads behind it end there and then.
    """
    return _ahead(items, queue.Queue(maxsize=depth), make_room=lambda: None, leave=lambda: None)


def newest(items, leave=lambda: None):
    """The same for items that come by themselves: each one replaces the one before if that was not taken yet.

    So what is taken is never older than the time between two items. `leave` is called when the loop is left, to rouse
    a source that waits for an item which may never come.
    """
    ready = queue.Queue(maxsize=1)

    def make_room():
        with suppress(queue.Empty):
            ready.get_nowait()

    return _ahead(items, ready, make_room, leave)


def _ahead(items, ready, make_room, leave):
    stopped = threading.Event()

    def offer(item, error=None):
        while not stopped.is_set():
            try:
                return ready.put((item, error), timeout=0.1)
            except queue.Full:
                continue

    def produce():
        try:
            iterator = iter(items)
            for item in iterator:
                make_room()
                offer(item)
                if stopped.is_set():
                    break
            if hasattr(iterator, "close"):
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
