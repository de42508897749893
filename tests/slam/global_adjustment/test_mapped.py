"""slam.global_adjustment.mapped: order, errors, and the end of asking."""

import threading

import pytest

from slam.global_adjustment.mapped import mapped


def test_results_keep_the_order_of_the_items_whichever_is_ready_first(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    is_second_done = threading.Event()

    def squared(item):
        if item == 1:
            is_second_done.set()
        elif item == 0:
            assert is_second_done.wait(60)
        return item**2

    assert list(mapped(squared, range(50))) == [item**2 for item in range(50)]
    assert list(mapped(squared, [])) == []  # also where there is nothing to do


def test_what_goes_wrong_is_raised_in_its_turn():
    results = mapped(lambda item: 1 / item, [2, 1, 0, 4])
    assert [next(results), next(results)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_who_stops_asking_does_not_wait_for_the_rest(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    done = []
    results = mapped(done.append, range(1000))
    next(results)
    results.close()
    assert len(done) < 10
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("mapped")]
