"""benchmarks/fuzz_reader.py: what is a hang, and what is only a machine that slept or worked for others."""

import time
from types import SimpleNamespace

import pytest

from benchmarks import fuzz_stopwatch
from benchmarks.fuzz_reader import POLL_S, Reader

ANSWER = "read", ""


@pytest.fixture
def reader(monkeypatch):
    """One whose process never answers, on a clock of its own: each look at it takes `steps_s`, then it answers."""
    reader, clock = Reader.__new__(Reader), SimpleNamespace(s=0.0, steps_s=[], starved=0.0)

    def poll(_):
        clock.s += clock.steps_s.pop(0)
        return not clock.steps_s
    reader.pipe = SimpleNamespace(send=lambda _: None, poll=poll, recv=lambda: ANSWER)
    reader.process, reader.clock = SimpleNamespace(pid=0), clock
    reader.begin = reader.end = lambda: None
    monkeypatch.setattr(time, "monotonic", lambda: clock.s)
    monkeypatch.setattr(fuzz_stopwatch.Stopwatch, "_waiting_s", lambda self: clock.starved * clock.s)
    return reader


def test_time_for_which_the_program_was_stopped_is_not_counted(reader):
    reader.clock.steps_s = [POLL_S, 300.0, POLL_S]
    outcome = reader.outcome_of("texts", None, None)
    assert outcome.kind == "read" and outcome.seconds < 1


def test_time_in_which_other_programs_had_all_cores_is_not_counted(reader):
    reader.clock.steps_s, reader.clock.starved = [POLL_S] * 5_000, 0.9
    outcome = reader.outcome_of("texts", None, None)
    assert outcome.kind == "read" and outcome.seconds == pytest.approx(0.1 * 5_000 * POLL_S)


def test_a_reader_that_gives_no_answer_is_bad(reader):
    reader.clock.steps_s = [POLL_S] * 10_000
    outcome = reader.outcome_of("texts", None, None)
    assert outcome.kind == "bad" and "no answer within 30 s" in outcome.mistake
    assert 30 < outcome.seconds < 31
