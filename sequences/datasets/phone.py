"""A phone's capture with LiDAR, as either app leaves it: Stray Scanner or Record3D."""

from pathlib import Path

from calib.base.errors import SourceError
from sequences.datasets import record3d, stray_scanner
from sequences.sequence import Sequence, SourceOptions

LAYOUT = f"{stray_scanner.LAYOUT}, {record3d.LAYOUT}"


def recognises(path: str | Path) -> bool:
    """Whether the layout of either app lies there."""
    return stray_scanner.recognises(path) or record3d.recognises(path)


def open_phone(location: str | Path, options: SourceOptions) -> Sequence:
    """The Sequence of either app. Raises SourceError."""
    for module, kind in ((stray_scanner, stray_scanner.StrayScannerSequence), (record3d, record3d.Record3dSequence)):
        if module.recognises(location):
            return kind(location, options)
    raise SourceError(f"{location} is no capture of a phone: looked for {LAYOUT}")
