"""slam.stages."""

import time

import pytest

from slam.stages import StageTimes, stage


class Worker:
    def __init__(self):
        self.stage_times = StageTimes()

    @stage("work")
    def work(self, seconds, fail=False):
        time.sleep(seconds)
        if fail:
            raise ValueError
        return seconds


def test_calls_are_counted_and_timed():
    worker = Worker()
    assert [worker.work(s) for s in (0.001, 0.02, 0.001)] == [0.001, 0.02, 0.001]
    summary = worker.stage_times.summary()["work"]
    assert summary["calls"] == 3 and 1 <= summary["median_ms"] < 20 <= 1.2 * summary["p95_ms"]


def test_failing_calls_count_too():
    worker = Worker()
    with pytest.raises(ValueError):
        worker.work(0, fail=True)
    assert worker.stage_times.summary()["work"]["calls"] == 1
