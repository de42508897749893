"""Work done ahead in a thread of its own. The one place where threads meet the pipeline."""

import queue
import threading

END = object()
PATIENCE_S = 2.0
"""For the thread to end when the loop is left. It may be stuck in a camera that no longer answers."""


def prefetch(items, depth=2):
    """Iterate over `items`, which is advanced in another thread at most `depth` items ahead.

    An exception raised there is raised here, after the items before it. Leaving the loop early stops the thread, which
    then closes a generator that it advanced, so that files and further threads behind it end there and then.
    """
    ready = queue.Queue(maxsize=depth)
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
        thread.join(PATIENCE_S)
