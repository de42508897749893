"""Where what was compiled once is kept for the next start."""

import os
import tempfile
from pathlib import Path


def cache_folder(name: str, base: str | Path | None = None) -> Path | None:
    """`monofuse/NAME` below `base`, XDG_CACHE_HOME or ~/.cache, made where needed; None where it is not writable."""
    try:
        folder = Path(base or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "monofuse" / name
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):  # RuntimeError: this user has no home folder
        return None
    return folder
