"""Work done ahead in a thread: order, exceptions, what is dropped, and an end to every thread."""

import threading
import time

import pytest

from sequences.prefetch import newest, prefetch


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    assert not set(threading.enumerate()) - before


def waits_for(condition, seconds=5.0):
    """Whether `condition()` becomes true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


class Counter:
    """Yields numbers, notes how far it got, in which thread, and that it was closed."""

    def __init__(self, count, fails_at=None):
        self.count, self.fails_at, self.made, self.closed_in, self.thread = count, fails_at, 0, None, None

    def __iter__(self):
        self.thread = threading.current_thread()
        try:
            for k in range(self.count):
                if k == self.fails_at:
                    raise KeyError("broken")
                self.made += 1
                yield k
        finally:
            self.closed_in = threading.current_thread()


def test_items_come_in_order_from_another_thread():
    items = Counter(200)
    assert list(prefetch(items)) == list(range(200))
    assert items.thread is items.closed_in is not threading.current_thread()
    assert list(prefetch([])) == [] and list(prefetch([None, None])) == [None, None]


def test_nothing_starts_before_the_first_item_is_wanted():
    items = Counter(3)
    prefetch(items)
    assert items.made == 0 and items.thread is None


@pytest.mark.parametrize("depth", [1, 3])
def test_it_runs_ahead_and_no_further(depth):
    items = Counter(100)
    ahead = prefetch(items, depth)
    assert next(ahead) == 0
    assert waits_for(lambda: items.made == depth + 2)  # one taken, `depth` waiting, one that finds no room
    time.sleep(0.05)
    assert items.made == depth + 2
    ahead.close()


def test_an_exception_comes_after_the_items_before_it():
    seen = []
    with pytest.raises(KeyError, match="broken"):
        seen.extend(prefetch(Counter(9, fails_at=5)))
    assert seen == [0, 1, 2, 3, 4]


def test_an_exception_at_the_very_start():
    with pytest.raises(KeyError):
        next(prefetch(Counter(9, fails_at=0)))
    with pytest.raises(TypeError):
        next(prefetch(None))


def test_leaving_early_stops_thread_and_source():
    items = Counter(10**9)
    ahead = prefetch(items)
    for item in ahead:
        if item == 3:
            break
    ahead.close()
    assert items.closed_in is items.thread and not items.thread.is_alive() and items.made < 10


def test_an_exception_of_the_consumer_stops_the_thread():
    items = Counter(10**9)

    def consume():
        for _ in prefetch(items):
            raise ValueError("consumer")

    with pytest.raises(ValueError, match="consumer"):
        consume()
    assert waits_for(lambda: not items.thread.is_alive())


def test_a_chain_of_threads_ends_as_one():
    items = Counter(10**9)
    ahead = prefetch(x + 1 for x in prefetch(items))
    assert next(ahead) == 1
    ahead.close()
    assert not items.thread.is_alive()


def test_an_exception_passes_through_a_chain():
    seen = []
    with pytest.raises(KeyError):
        seen.extend(prefetch(prefetch(Counter(9, fails_at=4))))
    assert seen == [0, 1, 2, 3]


def test_slow_consumers_lose_nothing():
    seen = []
    for item in prefetch(range(5), 1):
        time.sleep(0.01)
        seen.append(item)
    assert seen == list(range(5))


def test_newest_drops_what_was_not_taken():
    items = Counter(1000)
    ahead = newest(items)
    first = next(ahead)
    assert waits_for(lambda: items.made == 1000)
    assert [first, *ahead] == sorted({first, 999}), "between two takes only the newest stays"


def test_newest_passes_on_everything_to_who_is_fast():
    seen, was_taken = [], [threading.Event() for _ in range(8)]

    def slowly():
        for k in range(8):
            yield k
            was_taken[k].wait(5)

    for item in newest(slowly()):
        seen.append(item)
        was_taken[item].set()
    assert seen == list(range(8))


def test_the_last_item_is_not_lost_to_an_error():
    seen = []
    with pytest.raises(KeyError, match="broken"):
        for item in newest(Counter(9, fails_at=5)):
            time.sleep(0.02)
            seen.append(item)
    assert seen[-1] == 4


def test_leaving_the_newest_rouses_a_source_that_waits():
    roused = threading.Event()

    def silent():
        yield 1
        roused.wait(30)

    start = time.monotonic()
    ahead = newest(silent(), leave=roused.set)
    assert next(ahead) == 1
    ahead.close()
    assert roused.is_set() and time.monotonic() - start < 2
