"""The buttons of the live view, as the pipeline heeds them."""

import threading
import time

from monofuse.interface.viewer.controls import Controls


def test_frames_pass_on():
    assert list(Controls().heeded([1, 2, 3])) == [1, 2, 3]


def test_a_pause_takes_no_frame_until_it_ends():
    controls, taken = Controls(), []

    def source():
        for number in range(3):
            taken.append(number)
            yield number

    frames = controls.heeded(source())
    assert next(frames) == 0
    controls.is_paused = True
    threading.Timer(0.2, lambda: setattr(controls, "is_paused", False)).start()
    start_s = time.monotonic()
    assert next(frames) == 1 and time.monotonic() - start_s > 0.15
    assert taken == [0, 1]


def test_stopping_ends_the_frames_and_closes_their_source_also_while_paused():
    closed = []

    def source():
        try:
            yield from range(100)
        finally:
            closed.append(True)

    controls = Controls()
    frames = controls.heeded(source())
    next(frames)
    controls.is_paused = controls.is_stopped = True
    assert list(frames) == [] and closed == [True]


def test_wishes_are_fulfilled_once_in_the_thread_of_the_pipeline():
    controls, done = Controls(), []
    controls.answer("save", lambda: done.append(threading.current_thread()))
    for _ in range(2):
        threading.Thread(target=controls.ask, args=("save",)).start()
    controls.ask("reset")
    time.sleep(0.05)
    assert controls.do_what_is_asked() == ["save", "save"] and not controls.can("reset")
    assert done == [threading.main_thread()] * 2 and controls.do_what_is_asked() == []


def test_wishes_are_fulfilled_during_a_pause():
    controls, done = Controls(), []
    controls.answer("save", lambda: (done.append(1), setattr(controls, "is_stopped", True)))
    controls.is_paused = True
    controls.ask("save")
    assert list(controls.heeded([1])) == [] and done == [1]
