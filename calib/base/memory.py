"""Memory that was freed, handed back to the system; and errors that say that there is none left."""

import ctypes
import errno
import sys
from contextlib import suppress


def hand_back() -> None:
    """Return freed memory to the system. glibc keeps it, in pieces, for what may come; a run goes from one large piece
    of work to another that needs other sizes. Elsewhere than on Linux with glibc, do nothing."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


NO_MEMORY = ("cannot allocate memory", "failed to map segment", "unable to allocate", "insufficient memory",
             "bad_alloc", "bad allocation", "can't start new thread", "can't allocate memory", "out of memory")
"""How libraries say it that raise their own types."""
MAX_CAUSES = 10


def ran_out(error: BaseException) -> bool:
    """Whether an error, or one that led to it, is that the system had no more memory to give."""
    for _ in range(MAX_CAUSES):
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
            return True
        if any(words in str(error).lower() for words in NO_MEMORY):
            return True
        before = error.__cause__ or error.__context__
        if before is None:
            return False
        error = before
    return False
