"""Ctrl-C, `kill` and a closed terminal as a wish to stop, which whoever asked for it heeds when the time is right."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Windows has no SIGHUP."""

Handler = Callable[[int, FrameType | None], object]


def catch_stop_signals(handler: Handler) -> dict[int, Any]:
    """From here on `handler(number, frame)` is called instead of ending the process.

    Returns {number: the handler before}, for restore_signals. A SIGHUP that is ignored stays so: `nohup` wants that.
    """
    hang_up = getattr(signal, "SIGHUP", None)
    caught = [number for number in STOP_SIGNALS if number != hang_up or signal.getsignal(number) != signal.SIG_IGN]
    return {number: signal.signal(number, handler) for number in caught}


def restore_signals(handlers: Mapping[int, Any]) -> None:
    """Undo catch_stop_signals."""
    for number, handler in handlers.items():
        signal.signal(number, handler)


@contextmanager
def catching_stop_signals(handler: Handler) -> Iterator[None]:
    """A `with` block inside which signals call `handler`."""
    before = catch_stop_signals(handler)
    try:
        yield
    finally:
        restore_signals(before)
