"""From what the user typed to a Sequence: the table of all sources.

A new source is a module with LAYOUT (what it looks for, in words), `recognises(location)` and a class that derives from
Sequence, and a line in SOURCES; one that is recognised by what lies there is named in RECOGNISED, too.
"""

import os
from importlib import import_module
from pathlib import Path

from calib.base.errors import SourceError
from calib.files.image_kinds import kind_of, unread_kind
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
    "scan": ("sequences.datasets.posed_json", "PosedJsonSequence"),
    "nerf": ("sequences.datasets.transforms", "TransformsSequence"),
    "colmap": ("sequences.datasets.colmap", "ColmapSequence"),
    "rgbd": ("sequences.datasets.rgbd_folder", "RgbdFolder"),
    "images": ("sequences.files.image_folder", "ImageFolder"),
    "video": ("sequences.files.video", "VideoFile"),
    "webcam": ("sequences.cameras.webcam", "Webcam"),
    "stream": ("sequences.cameras.stream", "Stream"),
    "realsense": ("sequences.cameras.realsense.camera", "RealSense"),
    "rosbag": ("sequences.datasets.ros_bag", "RosBag"),
    "bag": ("sequences.cameras.realsense.file", "RealSenseFile"),
}
RECOGNISED = ("icl", "tum", "nyu", "7scenes", "scannet", "replica", "euroc", "kitti", "phone", "scan", "nerf",
              "colmap", "rgbd", "rosbag", "images", "video", "bag", "stream")
"""In the order in which an unnamed path is offered to them."""
WITHOUT_PATH = ("synthetic", "webcam", "realsense")
"""Sources that take options behind the colon instead of a path; alone they mean the first there is."""
MAX_LEVELS, MAX_ENTRIES = 3, 50
"""How deep, and into how many folders of a level, is looked for a recording, where the one that was given is none."""
SIGNS = {"mav0": "euroc", "cam0": "euroc", "traj.txt": "replica", "cam_params.json": "replica", "sparse": "colmap",
         "cameras.bin": "colmap", "images.bin": "colmap", "cameras.txt": "colmap", "keyframes": "scan",
         "odometry.csv": "phone", "camera_matrix.csv": "phone", "metadata": "phone", "intrinsic": "scannet",
         "times.txt": "kitti", "depth.txt": "tum", "groundtruth.txt": "tum", "rgb": "rgbd", "depth": "rgbd",
         "color": "rgbd"}
"""What lies in a folder that is nearly a recording -> which it may be."""


def open_sequence(source: str, options: SourceOptions) -> Sequence:
    """`NAME:PATH`, `synthetic`, or a path recognised by what lies there -> Sequence. Raises SourceError."""
    try:
        name, location = _name_and_location(source, options)
        if options.topic and name != "rosbag":
            raise SourceError(f"--topic {options.topic} is for bags of ROS: {source} is read as {name}, leave it out")
        module, kind = SOURCES[name]
        return getattr(import_module(module), kind)(location, options)
    except OSError as error:
        raise SourceError(f"{error.filename or source}: {error.strerror}") from error


def recordings_in(path: str) -> list[str]:
    """A source as open_sequence takes it, or a folder that holds recordings -> each of these, by name and place.

    Raises SourceError where there is none.
    """
    if path in WITHOUT_PATH or path.partition(":")[0] in SOURCES or _name_of(path):
        return [path]
    found = _recordings_within(path, max_entries=None) if Path(path).is_dir() else []
    return [f"{name}:{inner}" for name, inner in found] or [_recognise(path, SourceOptions())[1]]


def _name_and_location(source, options):
    if source in WITHOUT_PATH:
        return source, ""
    name, colon, location = source.partition(":")
    if not colon or name not in SOURCES:
        return _recognise(source, options)
    if name in WITHOUT_PATH:
        return name, location
    if not location:
        raise SourceError(f"{source} names no path: expected {name}:PATH")
    return name, os.path.expanduser(location)  # the shell leaves a ~ behind a colon alone


def _recognise(path, options):
    """-> name of a source, and the place of the recording: the path, or the only folder within that holds one."""
    if name := _name_of(path):
        return name, path
    if Path(path).is_file() and not Path(path).stat().st_size:
        raise SourceError(f"{path} is an empty file: was it copied whole?")
    if not Path(path).exists():
        raise SourceError(f"no source {path}: expected `synthetic`, a recording, a video, `webcam:0`, `realsense`, a "
                          f"stream's URL, or NAME:PATH with NAME one of {', '.join(SOURCES)}")
    found = _recordings_within(path)
    if len(found) == 1:
        name, inner = found[0]
        options.tell(f"{path} holds one recording, {inner} ({name})")
        return name, str(inner)
    if found:
        raise SourceError(f"{path} is no recording but {found[0][1]} is ({found[0][0]}), one of {len(found)} in it: "
                          f"choose one")
    raise SourceError(f"cannot tell what {path} is: {_nearest(Path(path))}; docs/sources.md says what is looked for, "
                      f"and NAME:PATH, as in tum:{path}, says outright what it is")


def _recordings_within(path, max_entries: int | None = MAX_ENTRIES):
    """(name, place) of the recordings in a folder: of those one level down, else two, else three. Folders of images
    count where there is nothing else."""
    level = [Path(path)]
    for _ in range(MAX_LEVELS):
        entries = [entry for folder in level for entry in _entries_in(folder, max_entries)][:max_entries]
        found = [(name, entry) for entry in entries if (name := _name_of(entry))]
        if found:
            return [(name, entry) for name, entry in found if name != "images"] or found
        level = [entry for entry in entries if entry.is_dir()]
    return []


def _entries_in(path, max_entries: int | None = MAX_ENTRIES):
    entries = sorted(path.iterdir()) if path.is_dir() else []
    return [entry for entry in entries if not entry.name.startswith(".")][:max_entries]


def _nearest(path):
    """What the place is like, in words."""
    if path.is_file():
        with path.open("rb") as file:
            kind = kind_of(file.read(64))
        if kind:
            return f"this is {kind}, which is no recording"
        return "no kind of video or recording begins as it does"
    entries = _entries_in(path)
    if not entries:
        return "it is empty"
    names = {entry.name for entry in entries}
    name = next((name for sign, name in SIGNS.items() if sign in names), None)
    if name:
        return f"it is nearest to {import_module(SOURCES[name][0]).LAYOUT}, but lacks some of that"
    unread = next((kind for entry in entries if (kind := unread_kind(entry))), None)
    if unread:
        return f"its images are of a kind that is not read ({unread})"
    first = ", ".join(entry.name for entry in entries[:3]) + (" ..." if entries[3:] else "")
    return f"in it are {first}, and no images, videos or lists of a known recording"


def _name_of(path):
    """The first source that knows what lies there, or None."""
    return next((name for name in RECOGNISED if import_module(SOURCES[name][0]).recognises(path)), None)

