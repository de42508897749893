"""benchmarks.live_learning and live_replay: which network was in use when, and the clock of a replay."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.live_learning import Moment, Shown, in_use
from benchmarks.live_replay import START_S, InUse, OverError, Replay, Told, with_networks
from sequences.sequence import SourceOptions
from sequences.synthetic.sequence import SyntheticSequence


def frames_at(*times_s):
    return [SimpleNamespace(time_s=time_s) for time_s in times_s]


def test_each_frame_of_the_second_half_has_the_network_of_its_moment():
    log = [Moment(0.0, index, index / 10, "first" if index < 7 else "second") for index in range(11)]
    found = list(in_use(log, frames_at(0.2, 0.45, 0.61, 0.69, 0.7, 1.0)))
    assert [(name, frame.time_s) for name, frame in found] == [("first", 0.61), ("first", 0.69), ("second", 0.7),
                                                               ("second", 1.0)]


def test_networks_come_into_use_when_they_are_ready():
    swaps = [InUse(0.0, "first"), InUse(3.0, "second"), InUse(5.0, "third")]
    found = with_networks(swaps, frames_at(10.0, 12.9, 13.0, 19.0), 10.0)
    assert [name for name, _ in found] == ["first", "first", "second", "third"]


def test_a_replay_gives_what_has_come_and_waits_in_no_time():
    replay = Replay([Told(time_s, time_s) for time_s in (1.0, 2.0, 1e3, 2e3)], 1.5e3)
    assert replay.taken(wait=False) == [1.0, 2.0] and START_S <= replay.now_s < START_S + 1
    assert replay.taken(wait=False) == []
    assert replay.taken(wait=True) == [1e3] and 1e3 <= replay.now_s < 1001
    with pytest.raises(OverError):
        replay.taken(wait=True)


@pytest.mark.heavy
def test_a_shown_recording_keeps_its_pace():
    recording = SyntheticSequence("size=16x16,frames=4,samples=1", SourceOptions())
    shown, begun_s = Shown(recording, 50.0), time.monotonic()
    arrived_s = [frame.arrived_s for frame in shown]
    assert shown.is_live and all(arrived_s >= begun_s + np.arange(4) / 50)
