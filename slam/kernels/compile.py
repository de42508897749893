"""How the kernels are compiled, in one place."""

from pathlib import Path

import numba

from calib.kernel_cache import cached_njit

_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz", "arcp"}}
_IN_ORDER = _OPTIONS | {"fastmath": {"contract", "nsz", "arcp"}}

kernel = cached_njit(Path(__file__).parent, **_OPTIONS)
"""A loop that is called from Python. NaN and infinity keep their meaning, since depth may hold them."""

inline = numba.njit(forceinline=True, **_OPTIONS)
"""A part of kernels. Always inlined: a function that is both compiled on its own and into its callers exists in two
versions that round differently, and which one runs would depend on whether the cache was warm."""

in_order_kernel = cached_njit(Path(__file__).parent, **_IN_ORDER)
"""A kernel whose sums are added up as they are written, for loops over local arrays: of such, the compiler makes a
vector and a scalar version, and chooses by where in memory the arrays happen to lie. Both have to round alike, or the
same frames would not give the same map."""

in_order_inline = numba.njit(forceinline=True, **_IN_ORDER)
"""A part of such kernels."""
