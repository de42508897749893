"""From what the user typed to a Sequence: the table of all sources.

A new source is a module with LAYOUT (what it looks for, in words), `recognises(location)` and a class that derives from
Sequence, and a line in SOURCES; one that is recognised by what lies there is named in RECOGNISED, too.
"""

import os
from importlib import import_module
from pathlib import Path

from calib.base.errors import SourceError
from sequences.sequence import Sequence, SourceOptions

SOURCES = {  # what the user may put before the colon -> module, what opens it
    "synthetic": ("sequences.synthetic.sequence", "SyntheticSequence"),
    "icl": ("sequences.datasets.icl", "open_icl"),
    "tum": ("sequences.datasets.tum", "TumSequence"),
    "nyu": ("sequences.datasets.nyu", "open_nyu"),
    "7scenes": ("sequences.datasets.seven_scenes", "SevenScenesSequence"),
    "scannet": ("sequences.datasets.scannet", "open_scannet"),
    "replica": ("sequences.datasets.replica", "ReplicaSequence"),
    "euroc": ("sequences.datasets.euroc", "EurocSequence"),
    "kitti": ("sequences.datasets.kitti_odometry", "KittiOdometrySequence"),
    "phone": ("sequences.datasets.phone", "open_phone"),
    "images": ("sequences.files.image_folder", "ImageFolder"),
    "video": ("sequences.files.video", "VideoFile"),
    "webcam": ("sequences.cameras.webcam", "Webcam"),
    "stream": ("sequences.cameras.stream", "Stream"),
    "realsense": ("sequences.cameras.realsense.camera", "RealSense"),
    "bag": ("sequences.cameras.realsense.file", "RealSenseFile"),
}
RECOGNISED = ("icl", "tum", "nyu", "7scenes", "scannet", "replica", "euroc", "kitti", "phone", "images", "video", "bag",
              "stream")
"""In the order in which an unnamed path is offered to them."""
WITHOUT_PATH = ("synthetic", "webcam", "realsense")
"""Sources that take options behind the colon instead of a path; alone they mean the first there is."""
MAX_FOLDERS = 50
"""How many folders are looked into for a recording, where the one that was given is none."""


def open_sequence(source: str, options: SourceOptions) -> Sequence:
    """`NAME:PATH`, `synthetic`, or a path recognised by what lies there -> Sequence. Raises SourceError."""
    try:
        name, location = _name_and_location(source)
        module, kind = SOURCES[name]
        return getattr(import_module(module), kind)(location, options)
    except OSError as error:
        raise SourceError(f"{error.filename or source}: {error.strerror}") from error


def _name_and_location(source):
    if source in WITHOUT_PATH:
        return source, ""
    name, colon, location = source.partition(":")
    if not colon or name not in SOURCES:
        return _recognise(source), source
    if name in WITHOUT_PATH:
        return name, location
    if not location:
        raise SourceError(f"{source} names no path: expected {name}:PATH")
    return name, os.path.expanduser(location)  # the shell leaves a ~ behind a colon alone


def _recognise(path):
    if name := _name_of(path):
        return name
    if not Path(path).exists():
        raise SourceError(f"no source {path}: expected `synthetic`, a recording, a video, `webcam:0`, `realsense`, a "
                          f"stream's URL, or NAME:PATH with NAME one of {', '.join(SOURCES)}")
    for inner in _folders_in(path):
        if (name := _name_of(inner)) not in (None, "images"):
            raise SourceError(f"{path} is no recording but {inner} is ({name}): choose one such folder")
    layouts = "; ".join(import_module(SOURCES[name][0]).LAYOUT for name in RECOGNISED)
    raise SourceError(f"cannot tell what {path} is: looked for {layouts}; or say NAME:PATH with NAME one of "
                      f"{', '.join(SOURCES)}")


def _name_of(path):
    """The first source that knows what lies there, or None."""
    return next((name for name in RECOGNISED if import_module(SOURCES[name][0]).recognises(path)), None)


def _folders_in(path):
    path = Path(path)
    folders = sorted(inner for inner in path.iterdir() if inner.is_dir()) if path.is_dir() else []
    return folders[:MAX_FOLDERS]
