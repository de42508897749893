"""How the kernels are compiled, in one place."""

from pathlib import Path

import numba

from calib.kernel_cache import cached_njit

_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz", "arcp"}}

kernel = cached_njit(Path(__file__).parent, **_OPTIONS)
"""A loop that is called from Python. NaN and infinity keep their meaning, since depth may hold them."""

inline = numba.njit(forceinline=True, **_OPTIONS)
"""A part of kernels. Always inlined: a function that is both compiled on its own and into its callers exists in two
versions that round differently, and which one runs would depend on whether the cache was warm."""
