"""Where what was compiled once is kept for the next start.

Compiled code is run as it lies there, so only this user may write it: folders are made for their owner alone, and one
that belongs to somebody else (a shared /tmp, another user's home under sudo) is not used.
"""

import logging
import os
import tempfile
from functools import cache
from pathlib import Path

PRIVATE = 0o700


def cache_folder(name: str, base: str | Path | None = None) -> Path | None:
    """`monofuse/NAME` below `base`, XDG_CACHE_HOME or ~/.cache, made where needed; None where it is not writable, or
    not this user's own, which is said in one line."""
    try:
        above = Path(base or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        above.mkdir(parents=True, exist_ok=True)
        folder = above / "monofuse" / name
        for each in (folder.parent, folder):
            each.mkdir(mode=PRIVATE, exist_ok=True)
            if not _made_private(each):
                return None
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):  # RuntimeError: this user has no home folder
        return None
    return folder


def _made_private(folder):
    """Whether a folder is this user's own; then nobody else may read or write it from here on."""
    if not hasattr(os, "geteuid"):  # Windows gives every user a profile of their own
        return True
    status = folder.stat()
    if status.st_uid != os.geteuid():
        _say(f"the cache {folder} belongs to another user, so it is not used and all is compiled anew each time: "
             f"set XDG_CACHE_HOME to a folder of your own")
        return False
    if status.st_mode & 0o077:
        folder.chmod(PRIVATE)
    return True


@cache
def _say(line: str) -> None:
    """Once a process: every kernel asks for its folder."""
    logging.getLogger(__name__).warning(line)
