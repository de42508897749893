"""The optional package pyrealsense2, which RealSense cameras need, and nobody else."""

from typing import Any

from calib.base.errors import MissingPackageError


def librealsense() -> Any:
    """The module pyrealsense2. Raises MissingPackageError."""
    try:
        import pyrealsense2
    except ImportError:
        raise MissingPackageError("pyrealsense2", "RealSense") from None
    return pyrealsense2
