"""From what the user typed to a sequence: a table from name to module."""

from importlib import import_module

from calib.errors import SourceError

SOURCES = {
    "synthetic": ("sequences.synthetic", "SyntheticSequence"),
    "tum": ("sequences.tum", "TumSequence"),
    "images": ("sequences.image_folder", "ImageFolder"),
    "video": ("sequences.video", "VideoFile"),
}
RECOGNISED = ("tum", "images", "video")
"""In the order in which an unnamed path is offered to them."""


def open_sequence(source, options):
    """`name:location`, `synthetic`, or a path recognised by what lies there -> Sequence. Raises SourceError."""
    name, _, location = source.partition(":")
    if name not in SOURCES:
        name, location = _recognise(source), source
    module, kind = SOURCES[name]
    return getattr(import_module(module), kind)(location, options)


def _recognise(path):
    for name in RECOGNISED:
        if import_module(SOURCES[name][0]).recognises(path):
            return name
    raise SourceError(f"no source {path}: expected `synthetic`, a folder with rgb.txt (TUM layout) or images, a video "
                      f"file, or NAME:PATH with NAME one of {', '.join(SOURCES)}")
