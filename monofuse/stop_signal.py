"""Ctrl-C, `kill` and a closed terminal as a wish to stop between two frames, so that what was done can be saved."""

import signal

from calib.base.errors import MonofuseError
from calib.base.stop_signals import catch_stop_signals, restore_signals

END = object()


class Interrupted(MonofuseError):
    """The user ended the run. `exit_code` is that of a shell: 130 for Ctrl-C, 143 for `kill`."""

    def __init__(self, number):
        super().__init__("interrupted")
        self.exit_code = 128 + number


class StopSignal:
    """Within its `with` block a signal does not end the process; `until_stopped` and `patiently` heed it."""

    def __init__(self):
        self.number = None
        self.is_impatient = False
        """Whether what follows the frames is to be left out: a signal asks for that, or came while it was done."""
        self._waiting = False
        self._saw_frames = False
        self._handlers = {}

    def __enter__(self):
        self._handlers = catch_stop_signals(self._on_signal)
        return self

    def __exit__(self, *_):
        restore_signals(self._handlers)

    def until_stopped(self, frames):
        """Yield frames; raise Interrupted once a signal has come.

        One that comes while a frame is processed waits for its end, since half a frame would spoil the map. One that
        comes while the source is waited for ends the wait, which could be forever.
        """
        frames = iter(frames)
        try:
            while self.number is None:
                self._waiting = True
                frame = next(frames, END)
                self._waiting = False
                if frame is END:
                    return
                yield frame
        finally:
            self._waiting, self._saw_frames = False, True
            if hasattr(frames, "close"):
                frames.close()
        raise Interrupted(self.number)

    def patiently(self, steps):
        """Yield the steps of work that follows the frames, unless and until the user does not want to wait for it:
        a first Ctrl-C ends the frames alone, `kill` and a closed terminal mean both."""
        for step in steps:
            if self.is_impatient:
                return
            yield step

    def end_at_once(self):
        """From here on a signal ends the process there and then, even inside a library that takes long to return."""
        for number in self._handlers:
            signal.signal(number, signal.SIG_DFL)

    def _on_signal(self, number, _):
        self.is_impatient = self.is_impatient or self._saw_frames or number != signal.SIGINT
        if self._waiting and self.number is None:
            self.number = number
            raise Interrupted(number)
        self.number = self.number or number
