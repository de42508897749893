"""slam.background: work is done in order in another thread, and waited for by who needs it."""

import threading

import pytest

from slam.background import MAX_WAITING, Background


def test_work_is_done_in_order_in_another_thread_and_finish_waits_for_it():
    background, may_go, done = Background("test"), threading.Event(), []
    background.begin(lambda: may_go.wait(10))
    for number in range(3):
        background.begin(lambda number=number: done.append((number, threading.get_ident())))
    assert not done
    may_go.set()
    background.finish()
    assert [number for number, _ in done] == [0, 1, 2] and threading.get_ident() not in dict(done).values()


def test_who_asks_for_too_much_waits():
    background, may_go, done = Background("test"), threading.Event(), []
    background.begin(lambda: may_go.wait(10))
    for number in range(MAX_WAITING - 1):
        background.begin(lambda number=number: done.append(number))
    threading.Timer(0.05, may_go.set).start()
    background.begin(lambda: None)
    assert may_go.is_set()


def test_what_goes_wrong_is_raised_where_it_is_waited_for():
    background = Background("test")
    background.begin(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        background.finish()
    background.finish()
