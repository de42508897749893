"""Real-time dense monocular SLAM as a library: `from monofuse import Slam`. See docs/library.md.

Names are loaded when they are first asked for, so `import monofuse` itself takes no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calib.base.errors import MonofuseError
    from calib.files.tum_files import read_trajectory
    from calib.formats.calibration_file import read_calibration
    from calib.geometry.camera import Camera
    from depth.estimator import DepthEstimator, DepthPrediction
    from depth.hub.network import open_estimator
    from monofuse.slam import PointCloud, Scale, Slam
    from slam.config import SlamConfig
    from slam.system import FrameResult

__all__ = ["Camera", "DepthEstimator", "DepthPrediction", "FrameResult", "MonofuseError", "PointCloud", "Scale",
           "Slam", "SlamConfig", "open_estimator", "read_calibration", "read_trajectory"]

_HOMES = {
    "Camera": "calib.geometry.camera",
    "DepthEstimator": "depth.estimator",
    "DepthPrediction": "depth.estimator",
    "FrameResult": "slam.system",
    "MonofuseError": "calib.base.errors",
    "PointCloud": "monofuse.slam",
    "Scale": "monofuse.slam",
    "Slam": "monofuse.slam",
    "SlamConfig": "slam.config",
    "open_estimator": "depth.hub.network",
    "read_calibration": "calib.formats.calibration_file",
    "read_trajectory": "calib.files.tum_files",
}
"""{name: module that holds it}"""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'monofuse' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
