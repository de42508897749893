"""Pictures to predict depth for, from image files, folders of them, and videos."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from calib.base.errors import BadInputError
from calib.files.image_file import IMAGE_SUFFIXES, is_image, natural_order, read_rgb, unread_kind
from calib.files.picture_roles import split_pictures
from calib.files.video_decoder import Decoder, open_decoder
from calib.files.video_kinds import VIDEO_SUFFIXES, is_video

MAX_PIXELS = 50_000_000
"""Largest picture: a depth map and its outputs take some 40 bytes per pixel."""


class Picture(NamedTuple):
    name: str
    """Name of the results: the stem of the file, for a video with the number of the frame."""
    read: Callable[[], np.ndarray]
    """Reads the picture: () -> (H, W, 3) uint8 RGB. Raises BadInputError."""


class Pictures:
    """All pictures of some files and folders, in order. Raises BadInputError where there are none, or two of a name.

    `every`: of a video, every n-th frame only. `made_here(path)`: whether a file of a folder is an older result.
    `remarks` says what of the folders is left out, one line each.
    """

    def __init__(self, locations: Iterable[str | Path], every: int = 1,
                 made_here: Callable[[Path], bool] = lambda path: False) -> None:
        self.every, self.remarks = every, []
        self.files = [file for location in locations for file in self._files(Path(location), made_here)]
        self._decoders: dict[Path, Decoder] = {}
        seen = {}
        for file in self.files:
            other = seen.setdefault(file.stem, file)
            if other is not file:
                raise BadInputError(f"{other} and {file} would give results of the same name: predict them one after "
                                    f"the other, each with its own --output")

    def __len__(self) -> int:
        """Number of pictures, as far as the videos' own counts are right."""
        return sum(self._frame_count(file) if is_video(file) else 1 for file in self.files)

    def __iter__(self) -> Iterator[Picture]:
        for file in self.files:
            if is_video(file):
                yield from self._frames(file)
            else:
                yield Picture(file.stem, partial(_read, file))

    def _files(self, location, made_here):
        if location.is_dir():
            return self._of_folder(location, made_here)
        if not location.is_file():
            raise BadInputError(f"{location} does not exist: give image files, folders or videos")
        return [location]

    def _of_folder(self, folder, made_here):
        """Its pictures and videos; what else it has of images is named in `remarks`."""
        files = [file for file in sorted(folder.iterdir(), key=natural_order)
                 if file.is_file() and not file.name.startswith(".") and not made_here(file)]
        roles = split_pictures(filter(is_image, files))
        found = [file for file in files if file in set(roles.pictures) or file.suffix.lower() in VIDEO_SUFFIXES]
        unread = [file for file in files if unread_kind(file) and file not in found]
        if unread:
            kinds = ", ".join(dict.fromkeys(map(unread_kind, unread)))
            self.remarks.append(f"{folder}: {len(unread)} files are left out, {unread[0].name} the first ({kinds})")
        if roles.describe():
            self.remarks.append(f"{folder}: {roles.describe()}: predicted for the pictures only")
        if not found:
            raise BadInputError(f"{folder} has no images and no videos ({' '.join(IMAGE_SUFFIXES + VIDEO_SUFFIXES)})"
                                + "".join(f"; {remark}" for remark in self.remarks))
        return found

    def _decoder(self, file):
        """Opened once. Raises SourceError."""
        if file not in self._decoders:
            self._decoders[file], _ = open_decoder(file)
        return self._decoders[file]

    def _frame_count(self, file):
        try:
            count = self._decoder(file).frame_count
        except BadInputError:
            count = 1
        return max(1, -(-count // self.every))

    def _frames(self, file):
        """Pictures of a video: NAME_000000 and so on. One that cannot be decoded at all is an unreadable picture."""
        try:
            pictures = self._decoder(file).pictures()
        except BadInputError as error:
            yield Picture(file.stem, partial(_refuse, error))
            return
        for index, (_, rgb) in enumerate(pictures):
            if index % self.every == 0:
                yield Picture(f"{file.stem}_{index:06d}", partial(_checked, rgb, file))


def _read(file):
    return _checked(read_rgb(file), file)


def _checked(rgb, file):
    if rgb.shape[0] * rgb.shape[1] > MAX_PIXELS:
        raise BadInputError(f"{file} has {rgb.shape[1]}x{rgb.shape[0]} pixels, more than {MAX_PIXELS // 10**6} "
                            f"million: scale it down first")
    return rgb


def _refuse(error):
    raise error
