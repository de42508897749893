"""How the kernels are compiled, in one place.

Kernels copy arrays in loops of their own: numba compiles an assignment of an array to a slice together with the message
for shapes that differ, which takes 3 to 5 seconds at each place."""

from pathlib import Path
from typing import Any

import numba

from calib.base.kernel_cache import cached_njit

_ORDERED: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "arcp"}}
_OPTIONS: dict[str, Any] = _ORDERED | {"fastmath": {*_ORDERED["fastmath"], "reassoc"}}

kernel = cached_njit(Path(__file__).parent, **_OPTIONS)
"""A loop that is called from Python. NaN and infinity keep their meaning, since depth may hold them."""

inline = numba.njit(forceinline=True, **_OPTIONS)
"""A part of kernels. Always inlined: a function that is both compiled on its own and into its callers exists in two
versions that round differently, and which one runs would depend on whether the cache was warm."""

ordered_kernel = cached_njit(Path(__file__).parent, **_ORDERED)
"""A kernel whose sums keep their order. Where the compiler may change it, it sometimes makes two versions of a loop,
and picks one by where arrays lie in memory: the same input would not always give the same output."""

ordered_inline = numba.njit(forceinline=True, **_ORDERED)
"""A part of such kernels."""
