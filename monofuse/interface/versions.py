"""Versions of what a run was made with."""

import functools
import platform
from collections.abc import Mapping
from importlib import metadata

PACKAGES = ("monofuse", "numpy", "scipy", "numba", "opencv-python-headless", "trimesh", "onnxruntime", "openvino",
            "tensorrt", "tensorrt-rtx-cu13", "torch", "viser")
"""Packages whose versions the report tells, where they are installed."""


@functools.cache
def versions() -> Mapping[str, str]:
    """Python, the system, and the packages that matter; looked up once, for a run asks three times."""
    installed = {"python": platform.python_version(), "system": platform.platform()}
    for package in PACKAGES:
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return installed
