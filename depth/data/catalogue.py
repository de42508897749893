"""From what the user typed after --data to a dataset: a table from name to module."""

import os
from importlib import import_module
from pathlib import Path

from calib.base.errors import BadInputError
from depth.data.options import read_options
from depth.data.sample import DepthDataset

DATASETS = {
    "nyu_labelled": ("depth.data.nyu_labelled", "NyuLabelled"),
    "nyu": ("depth.data.nyu_folder", "NyuFolder"),
    "nyu_raw": ("depth.data.nyu_raw", "NyuRaw"),
    "recording": ("depth.data.recording", "Recordings"),
    "views": ("depth.data.views", "Views"),
    "kitti": ("depth.data.kitti", "Kitti"),
    "make3d": ("depth.data.make3d", "Make3D"),
    "sun": ("depth.data.sun_rgbd", "SunRgbd"),
}
"""Module and class of every dataset, in the order in which a path without a name is offered to them."""


def open_dataset(location: str | Path, split: str = "all") -> DepthDataset:
    """`NAME:PATH`, `NAME,OPTION=VALUE,...:PATH`, or a path recognised by what lies there -> DepthDataset of one split.

    Raises BadInputError.
    """
    named, colon, path = str(location).partition(":")
    name, _, options = named.partition(",")
    if not colon or name not in DATASETS:
        name, options, path = "", "", str(location)
    path = Path(os.path.expanduser(path))
    if not path.exists():
        unknown = _unknown_name(named) if colon and not name else ""
        raise BadInputError(f"--data {location}: no such file or folder{unknown}")
    name = name or _recognised(path)
    kind = _class(name)
    return kind(path, split, **read_options(name, options, getattr(kind, "options", {})))


def _unknown_name(named):
    return f", and no dataset is called {named.partition(',')[0]}; there are {', '.join(DATASETS)}"


def _class(name):
    module, kind = DATASETS[name]
    return getattr(import_module(module), kind)


def _recognised(path):
    for name in DATASETS:
        if _class(name).recognises(path):
            return name
    raise BadInputError(f"--data {path}: cannot tell which dataset this is; say NAME:PATH with NAME one of "
                        f"{', '.join(DATASETS)}")
