"""How kernels are compiled. `fastmath` lets sums run in vectors; the order is fixed, so results repeat bit for bit."""

from pathlib import Path

from calib.base.kernel_cache import cached_njit

kernel = cached_njit(Path(__file__).parent, fastmath={"contract", "reassoc", "nsz"}, nogil=True)
