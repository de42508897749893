"""From what the user typed to a sequence: a table from name to module."""

import os
from importlib import import_module
from pathlib import Path

from calib.errors import SourceError

SOURCES = {
    "synthetic": ("sequences.synthetic", "SyntheticSequence"),
    "tum": ("sequences.tum", "TumSequence"),
    "images": ("sequences.image_folder", "ImageFolder"),
    "video": ("sequences.video", "VideoFile"),
    "webcam": ("sequences.webcam", "Webcam"),
    "stream": ("sequences.stream", "Stream"),
    "realsense": ("sequences.realsense", "RealSense"),
    "bag": ("sequences.realsense_file", "RealSenseFile"),
}
RECOGNISED = ("stream", "tum", "images", "video", "bag")
"""In the order in which an unnamed path is offered to them."""
WITHOUT_PATH = ("synthetic", "webcam", "realsense")
"""What may stand behind the colon of these is options; alone they mean the first there is."""


def open_sequence(source, options):
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
    for name in RECOGNISED:
        if import_module(SOURCES[name][0]).recognises(path):
            return name
    problem = f"cannot tell what {path} is" if Path(path).exists() else f"no source {path}"
    raise SourceError(f"{problem}: expected `synthetic`, a folder with rgb.txt (TUM layout) or images, a video file, "
                      f"`webcam:0`, `realsense`, a stream's URL, or NAME:PATH with NAME one of {', '.join(SOURCES)}")
