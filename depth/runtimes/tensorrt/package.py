"""Which of NVIDIA's two packages builds and runs engines for which GPU.

`tensorrt_rtx` (TensorRT for RTX) is small, builds in seconds and without a GPU, and knows some generations only;
`tensorrt` knows all that are not old, and times kernels on the GPU that the engine is for, which takes minutes.
"""

from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from calib.base.errors import MissingPackageError
from depth.runtimes.nvidia_gpu import NvidiaGpu

RTX_CAPABILITIES = ((7, 5), (8, 0), (8, 6), (8, 9), (12, 0), (12, 1))
"""Compute capabilities that tensorrt_rtx 1.7 knows; a test compares them with the package's own list."""


class Package(NamedTuple):
    """One of the two."""

    module: str
    title: str
    distribution: str
    """What pip calls it."""
    extra: str
    """Name of the extra in pyproject.toml that installs it with what belongs to it."""


FULL = Package("tensorrt", "TensorRT", "tensorrt", "tensorrt")
RTX = Package("tensorrt_rtx", "TensorRT for RTX", "tensorrt-rtx-cu13", "tensorrt-rtx")


def packages_for(gpu: NvidiaGpu | None) -> tuple[Package, ...]:
    """Packages that serve a GPU, or a machine without one, best first."""
    if gpu is None:
        return (RTX,)
    return (RTX, FULL) if gpu.compute_capability in RTX_CAPABILITIES else (FULL,)


def load_tensorrt(gpu: NvidiaGpu | None) -> ModuleType:
    """The module of the best package that is installed. Raises MissingPackageError that names the one to install."""
    packages = packages_for(gpu)
    for package in packages:
        try:
            return import_module(package.module)
        except (ImportError, OSError):  # OSError: its libraries are not all there
            continue
    on = f" on compute capability {capability(gpu)}" if gpu else " without a GPU"
    raise MissingPackageError(packages[0].distribution, f"TensorRT{on}")


def is_rtx(trt: ModuleType) -> bool:
    """Whether the module is tensorrt_rtx."""
    return trt.__name__ == RTX.module


def why(trt: ModuleType, gpu: NvidiaGpu | None) -> str:
    """Which package it is, and why this one, in a few words."""
    package = RTX if is_rtx(trt) else FULL
    if gpu is None:
        reason = "which builds without a GPU"
    elif package is packages_for(gpu)[0]:
        reason = f"the one for compute capability {capability(gpu)}"
    else:
        reason = f"since {RTX.title} is not installed"
    return f"{package.title} {trt.__version__}, {reason}"


def advice(gpu: NvidiaGpu | None) -> str:
    """What to install for this GPU, in one line; empty where there is none, or TensorRT is there already."""
    if gpu is None:
        return ""
    try:
        load_tensorrt(gpu)
    except MissingPackageError:
        package = packages_for(gpu)[0]
        return (f"{gpu.name}: depth networks run fastest by {package.title} (NVIDIA's licence): "
                f".venv/bin/python -m pip install -c constraints.txt -e '.[{package.extra}]'")
    return ""


def capability(gpu: NvidiaGpu) -> str:
    """Compute capability as NVIDIA writes it: 8.9"""
    return "{}.{}".format(*gpu.compute_capability)
