"""slam.stages, by a clock that only work moves on."""

import pytest

from slam import stages
from slam.stages import StageTimes, stage


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def perf_counter(self):
        return self.now_s


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(stages, "time", clock)
    return clock


class Worker:
    def __init__(self, clock):
        self.stage_times, self.clock = StageTimes(), clock

    @stage("work")
    def work(self, seconds, fail=False):
        self.clock.now_s += seconds
        if fail:
            raise ValueError
        return seconds


def test_calls_are_counted_and_timed(clock):
    worker = Worker(clock)
    assert [worker.work(s) for s in (0.001, 0.02, 0.001)] == [0.001, 0.02, 0.001]
    summary = worker.stage_times.summary()["work"]
    assert summary["calls"] == 3 and 1 <= summary["median_ms"] < 20 <= 1.2 * summary["p95_ms"]
    assert summary["median_ms"] == pytest.approx(1) and worker.stage_times.ms["work"] == pytest.approx([1, 20, 1])


def test_failing_calls_count_too(clock):
    worker = Worker(clock)
    with pytest.raises(ValueError):
        worker.work(0, fail=True)
    assert worker.stage_times.summary()["work"]["calls"] == 1
