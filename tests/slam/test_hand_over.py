"""slam.hand_over: results come when they are due, in order, however long the work takes."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from slam.hand_over import HandOver


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1) as executor:
        yield executor


def test_a_result_comes_at_its_frame_and_not_before(executor):
    hand_over = HandOver(executor, frames=3)
    hand_over.begin(lambda: "a")
    assert hand_over.due() == [] and len(hand_over) == 1
    hand_over.begin(lambda: "b")
    assert [hand_over.due() for _ in range(4)] == [[], ["a"], ["b"], []] and len(hand_over) == 0


def test_what_is_not_there_in_time_is_waited_for(executor):
    hand_over, may_end = HandOver(executor, frames=1), threading.Event()
    hand_over.begin(lambda: may_end.wait(10))
    threading.Timer(0.05, may_end.set).start()
    assert hand_over.due() == [True]


def test_the_rest_comes_at_once(executor):
    hand_over = HandOver(executor, frames=10)
    for number in range(3):
        hand_over.begin(lambda number=number: number)
    assert hand_over.rest() == [0, 1, 2] and hand_over.rest() == [] and hand_over.due() == []


def test_the_work_is_done_in_another_thread_and_its_errors_are_raised_here(executor):
    hand_over = HandOver(executor, frames=1)
    hand_over.begin(threading.get_ident)
    assert hand_over.due() != [threading.get_ident()]
    hand_over.begin(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hand_over.due()
