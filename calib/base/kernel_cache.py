"""Compiled functions that are kept on disk for as long as the sources they came from stay the same.

numba's own cache of a function does not notice when a function or constant that it uses changes in another file. So
each folder of kernels gets a cache folder named by the hash of all its sources: after any change there everything in
it compiles anew, once. Kernels may use only what lies in their own folder, NumPy and the standard library.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numba.core.config

from calib.base.cache_folder import cache_folder

SETTINGS: Any = numba.core.config
"""numba's global settings, which it fills in when it is imported, unseen by type checkers."""


def cached_njit(sources: str | Path, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`sources`: a folder of Python files -> a decorator `numba.njit(**options)` for functions defined there.

    Where nothing can be written, functions are compiled anew in every process. numba reads its global setting of the
    cache folder while it decorates, so it is changed for just that long, and other users of numba keep theirs.
    """
    folder = _cache_folder(Path(sources))
    compiled = numba.njit(cache=folder is not None, **options)

    def decorate(function):
        before, SETTINGS.CACHE_DIR = SETTINGS.CACHE_DIR, str(folder or SETTINGS.CACHE_DIR)
        try:
            return compiled(function)
        finally:
            SETTINGS.CACHE_DIR = before

    return decorate


def is_compiled(sources: Path) -> bool:
    """Whether functions of that folder are kept already, or cannot be."""
    folder = _cache_folder(sources)
    return folder is None or any(folder.rglob("*.nbi"))


def _cache_folder(sources):
    """`.../monofuse/NAME-HASH` below NUMBA_CACHE_DIR, XDG_CACHE_HOME or ~/.cache; None where that is not writable."""
    digest = hashlib.sha256()
    for path in sorted(sources.glob("*.py")):
        digest.update(path.read_bytes())
    return cache_folder(f"{sources.resolve().name}-{digest.hexdigest()[:12]}", SETTINGS.CACHE_DIR)
