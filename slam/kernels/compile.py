"""How the kernels are compiled, in one place.

numba's on-disk cache of a function does not notice when a function that it calls changes in another file. So the
cache lives in a folder named by the hash of all kernel sources: after any change everything compiles anew, once.
"""

import hashlib
import os
from pathlib import Path

import numba


def _cache_folder():
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "monofuse" / f"kernels-{digest}"


if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(_cache_folder())

_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz", "arcp"}}

kernel = numba.njit(cache=True, **_OPTIONS)
"""A loop that is called from Python. NaN and infinity keep their meaning, since depth may hold them."""

inline = numba.njit(forceinline=True, **_OPTIONS)
"""A part of kernels. Always inlined: a function that is both compiled on its own and into its callers exists in two
versions that round differently, and which one runs would depend on whether the cache was warm."""
