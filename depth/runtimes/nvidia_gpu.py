"""Which NVIDIA GPU there is, asked of the driver itself: quick, and without torch or any other package."""

import ctypes
import sys
from typing import NamedTuple

MAJOR, MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_... of cuda.h"""


class NvidiaGpu(NamedTuple):
    name: str
    compute_capability: tuple[int, int]
    cuda_version: tuple[int, int]
    """The newest CUDA that the driver knows."""

    @property
    def key(self):
        """What must be the same for results and compiled kernels to be worth keeping."""
        (major, minor), (cuda_major, cuda_minor) = self.compute_capability, self.cuda_version
        return f"{self.name} sm{major}{minor} cuda{cuda_major}.{cuda_minor}"


def find_gpu(driver=None):
    """-> the first NvidiaGpu that CUDA_VISIBLE_DEVICES leaves, or None. `driver`: the CUDA driver's library."""
    try:
        driver = driver or ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        return _first(driver)
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
    capability = tuple(ask("cuDeviceGetAttribute", ctypes.c_int, attribute, 0) for attribute in (MAJOR, MINOR))
    return NvidiaGpu(name.value.decode(errors="replace"), capability, (version // 1000, version % 1000 // 10))
