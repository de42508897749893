"""Which images of a folder are its pictures, and which are depth, masks or the right camera's, that lie between them.

Told by the names (`00000_depth.png` beside `00000_colors.png`), else by bit depth, channels and size. What a name says
only counts where a picture of the same number lies there: a folder of `depth_*.jpg` alone is a folder of pictures.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from calib.files.bounded_file import refuse_unbounded
from calib.files.image_file import MAX_BYTES

ROLE_WORDS = {
    "colour": "colou?rs?|rgb|image|images|img|photo",
    "depth": "depths?|d|sync_?depth|zdepth",
    "left": "left|l", "right": "right|r",
    "disparity": "disp|disparity", "mask": "masks?|seg|segm|segmentation|labels?|semantics?|instances?|sem|alpha|matte",
    "normal": "normals?", "confidence": "conf|confidence", "infrared": "ir|infra|infrared|infra[12]",
    "flow": "flow", "thumbnail": "thumb|thumbs|thumbnail", "error": "error", "preview": "preview|bokeh|vis"}
"""Words in names, as they stand between anything but letters."""
WORDS = re.compile(r"(?<![a-z])(?:" + "|".join(f"(?P<{role}>{words})" for role, words in ROLE_WORDS.items())
                   + r")(?![a-z])", re.IGNORECASE)
PICTURES = ("", "colour", "left")
"""Roles of what may be a picture; the first is that of a name without such a word."""
COMPANION_SHARE = 0.5
"""Of the images of a role that must have a picture of the same name, if they are to belong to it."""
DEEP_MODES, COLOUR_MODES = ("I;16", "I;16B", "I", "F"), ("RGB", "RGBA", "YCbCr", "CMYK", "RGBX", "LAB")
"""Pillow's words for one channel of more than 8 bits, and for colour."""


class PictureRoles(NamedTuple):
    """The images of a folder by what they are."""

    pictures: list[Path]
    """In the order in which they were given."""
    depth: dict[Path, Path]
    """Of pictures that have one: depth images of 16 bits or floating point."""
    left_aside: dict[str, list[Path]]
    """What they are, in words -> images that are neither."""

    def describe(self) -> str:
        """What is left aside and what is depth, in words; empty where all are pictures."""
        parts = [f"{len(files)} are {what} ({files[0].name} ...)" for what, files in self.left_aside.items()]
        parts += [f"{len(self.depth)} are depth"] if self.depth else []
        return f"{len(self.pictures)} images are pictures, {', '.join(parts)}" if parts else ""


class _Named(NamedTuple):
    file: Path
    role: str
    key: str
    """The name without what tells the role."""


def split_pictures(files: Iterable[Path]) -> PictureRoles:
    """Image files of one folder, in order -> what each is."""
    files = list(files)
    named = [_named(file) for file in files]
    groups: dict[tuple[str, str], list[_Named]] = defaultdict(list)
    for entry in named:
        groups[entry.role, entry.file.suffix.lower()].append(entry)
    if files and all(_is_depth_alone(group, entries) for group, entries in groups.items()):
        return PictureRoles([], {}, {"depth without pictures": files})
    if len(groups) < 2:
        return PictureRoles(files, {}, {})
    roles = {group: group[0] for group in groups}
    for group, entries in groups.items():
        if group[0] not in PICTURES and not _follows_pictures(group, entries, groups):
            roles[group] = ""
    if all(role not in PICTURES for role in roles.values()):
        return PictureRoles(files, {}, {})
    _settle_twins(groups, roles)
    return _sorted_out(files, groups, roles)


def _is_depth_alone(group, entries):
    """Whether images are called depth, or lie in a folder that is, and have more than 8 bits."""
    file = entries[0].file
    is_called = group[0] == "depth" or any(match.lastgroup == "depth" for match in WORDS.finditer(file.parent.name))
    return is_called and _kind(file)[0] == 0


def _named(file):
    roles = [str(match.lastgroup) for match in WORDS.finditer(file.stem)]
    role = next((role for role in roles if role not in PICTURES), roles[0] if roles else "")
    return _Named(file, role, re.sub(r"[^a-z0-9]+", "-", WORDS.sub("", file.stem).lower()).strip("-"))


def _keys(entries):
    return {entry.key for entry in entries}


def _share(entries, others):
    """Of these images that have one of the same name among the others."""
    known = _keys(others)
    return sum(entry.key in known for entry in entries) / len(entries)


def _follows_pictures(group, entries, groups):
    """Whether images that a name says to be something else go with pictures of the same names."""
    pictures = [entry for other, others in groups.items() if other[0] in PICTURES for entry in others]
    return bool(pictures) and _share(entries, pictures) >= COMPANION_SHARE


def _settle_twins(groups, roles):
    """Of two kinds of pictures of the same names one only is: the one in colour, named so, larger, in this order; the
    other is depth where it has more than 8 bits."""
    candidates = [group for group in groups if roles[group] in PICTURES]
    kinds = {group: _kind(groups[group][0].file) for group in candidates}
    candidates.sort(key=lambda group: (kinds[group][0], group[0] == "colour", kinds[group][1], len(groups[group])),
                    reverse=True)
    for number, group in enumerate(candidates):
        better = [entry for other in candidates[:number] if roles[other] in PICTURES for entry in groups[other]]
        if better and _share(groups[group], better) >= COMPANION_SHARE:
            roles[group] = "depth" if kinds[group][0] == 0 else "twin"


def _kind(file):
    """2 for colour, 1 for grey of 8 bits, 0 for more bits; and pixels. What cannot be read counts as colour."""
    from PIL import Image
    try:
        refuse_unbounded(file, MAX_BYTES, "an image")
        with Image.open(file) as image:
            depth = 0 if image.mode in DEEP_MODES else 2 if image.mode in COLOUR_MODES else 1
            return depth, image.size[0] * image.size[1]
    except Exception:  # of damaged images any
        return 2, 0


def _sorted_out(files, groups, roles):
    by_key, aside = {}, defaultdict(list)
    pictures = {entry.file: entry.key for group, entries in groups.items() if roles[group] in PICTURES
                for entry in entries}
    for group, entries in groups.items():
        if roles[group] == "depth" and _kind(entries[0].file)[0] == 0:
            by_key |= {entry.key: entry.file for entry in entries}
        elif roles[group] not in PICTURES:
            aside[_in_words(roles[group])] += [entry.file for entry in entries]
    ordered = [file for file in files if file in pictures]
    return PictureRoles(ordered, {file: by_key[pictures[file]] for file in ordered if pictures[file] in by_key},
                        dict(aside))


def _in_words(role):
    return {"depth": "coloured depth", "right": "the right camera's", "mask": "masks", "disparity": "disparity",
            "twin": "the same pictures again"}.get(role, f"{role} images")
