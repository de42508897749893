"""The package that RealSense cameras need, and nobody else."""

from calib.base.errors import MissingPackageError


def librealsense():
    try:
        import pyrealsense2
    except ImportError:
        raise MissingPackageError("pyrealsense2", "RealSense") from None
    return pyrealsense2
