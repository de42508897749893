"""A phone's capture with LiDAR, by whichever app it was made."""

from calib.base.errors import SourceError
from sequences.datasets import record3d, stray_scanner

LAYOUT = f"{stray_scanner.LAYOUT}, {record3d.LAYOUT}"


def recognises(path):
    return stray_scanner.recognises(path) or record3d.recognises(path)


def open_phone(location, options):
    """-> Sequence. Raises SourceError."""
    for module, kind in ((stray_scanner, stray_scanner.StrayScannerSequence), (record3d, record3d.Record3dSequence)):
        if module.recognises(location):
            return kind(location, options)
    raise SourceError(f"{location} is no capture of a phone: looked for {LAYOUT}")
