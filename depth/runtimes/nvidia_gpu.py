"""Which NVIDIA GPU there is, asked of the driver itself: quick, and without torch or any other package."""

import ctypes
import sys
from typing import Any, NamedTuple

MAJOR, MINOR = 75, 76
"""Numbers of CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR in cuda.h."""


class NvidiaGpu(NamedTuple):
    """A GPU and its driver."""

    name: str
    compute_capability: tuple[int, int]
    cuda_version: tuple[int, int]
    """Newest CUDA version (major, minor) that the driver supports."""

    @property
    def key(self) -> str:
        """Text that is the same as long as results and compiled kernels of this GPU stay valid."""
        (major, minor), (cuda_major, cuda_minor) = self.compute_capability, self.cuda_version
        return f"{self.name} sm{major}{minor} cuda{cuda_major}.{cuda_minor}"


def load_driver() -> Any:
    """The CUDA driver's library. Raises OSError where there is none."""
    return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")


def find_gpu(driver: Any = None) -> NvidiaGpu | None:
    """The first NvidiaGpu that CUDA_VISIBLE_DEVICES leaves, or None. `driver`: the CUDA driver's library."""
    try:
        return _first(driver or load_driver())
    except OSError:  # no driver, or one that is broken
        return None


def _first(driver):
    def ask(function, kind, *arguments):
        value = kind()
        if getattr(driver, function)(ctypes.byref(value), *arguments) != 0:
            raise OSError(function)
        return value.value
    if driver.cuInit(0) != 0 or ask("cuDeviceGetCount", ctypes.c_int) == 0:
        return None
    name = ctypes.create_string_buffer(256)
    if driver.cuDeviceGetName(name, len(name), 0) != 0:
        return None
    version = ask("cuDriverGetVersion", ctypes.c_int)
    major, minor = (ask("cuDeviceGetAttribute", ctypes.c_int, attribute, 0) for attribute in (MAJOR, MINOR))
    return NvidiaGpu(name.value.decode(errors="replace"), (major, minor), (version // 1000, version % 1000 // 10))
