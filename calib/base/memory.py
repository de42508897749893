"""Memory that was freed, handed back to the system."""

import ctypes
import sys
from contextlib import suppress


def hand_back() -> None:
    """Return freed memory to the system. glibc keeps it, in pieces, for what may come; a run goes from one large piece
    of work to another that needs other sizes. Elsewhere than on Linux with glibc, do nothing."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
