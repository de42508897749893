"""Compiled functions that are kept on disk for as long as the sources they came from stay the same.

numba's own cache of a function does not notice when a function or constant that it uses changes in another file. So
each folder of kernels gets a cache folder named by the hash of all its sources: after any change there everything in
it compiles anew, once; and wherever the same sources lie, in whichever clone, they find it. Kernels may use only what
lies in their own folder, NumPy and the standard library.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numba.core.caching
import numba.core.config

from calib.base.cache_folder import cache_folder

SETTINGS: Any = numba.core.config
"""numba's global settings, which it fills in when it is imported, unseen by type checkers."""


class KernelLocator(numba.core.caching.UserProvidedCacheLocator):
    """Where numba keeps a function: right in the set folder. numba's own locator adds a folder for the path of the
    source, which another clone would not find."""

    def __init__(self, py_func: Callable[..., Any], py_file: str) -> None:
        super().__init__(py_func, py_file)
        self._cache_path = SETTINGS.CACHE_DIR


LOCATOR = f"{KernelLocator.__module__}.{KernelLocator.__name__}"
"""As the setting NUMBA_CACHE_LOCATOR_CLASSES has it."""


def cached_njit(sources: str | Path, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`sources`: a folder of Python files -> a decorator `numba.njit(**options)` for functions defined there.

    Where nothing can be written, functions are compiled anew in every process. numba reads its global settings of the
    cache while it decorates, so they are changed for just that long, and other users of numba keep theirs.
    """
    folder = _cache_folder(Path(sources))
    compiled = numba.njit(cache=folder is not None, **options)

    def decorate(function):
        before = SETTINGS.CACHE_DIR, SETTINGS.CACHE_LOCATOR_CLASSES
        if folder is not None:
            SETTINGS.CACHE_DIR, SETTINGS.CACHE_LOCATOR_CLASSES = str(folder), LOCATOR
        try:
            return compiled(function)
        finally:
            SETTINGS.CACHE_DIR, SETTINGS.CACHE_LOCATOR_CLASSES = before

    return decorate


def is_compiled(sources: Path) -> bool:
    """Whether functions of that folder are kept already, or cannot be."""
    folder = _cache_folder(sources)
    return folder is None or any(folder.glob("*.nbi"))


def _cache_folder(sources):
    """`.../monofuse/NAME-HASH` below NUMBA_CACHE_DIR, XDG_CACHE_HOME or ~/.cache; None where that is not writable."""
    digest = hashlib.sha256()
    for path in sorted(sources.glob("*.py")):
        digest.update(path.read_bytes())
    return cache_folder(f"{sources.resolve().name}-{digest.hexdigest()[:12]}", SETTINGS.CACHE_DIR)
