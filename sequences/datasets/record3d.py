"""A phone's capture as Record3D exports it: a `.r3d` file, which is a ZIP archive, or the folder that it unpacks to.

`metadata`, `rgbd/0.jpg`, `rgbd/0.depth` (float32 metres) and, with LiDAR, `rgbd/0.conf` (0, 1, 2), both compressed by
LZFSE. Depth covers what colour covers, at a lower size. The poses are ARKit's and stand in for ground truth. See
issues 7 and 93 of github.com/marek-simonik/record3d.
"""

import lzma
import struct
import zipfile
import zlib
from pathlib import Path
from typing import cast

import numpy as np

from calib.base.errors import MissingPackageError, SourceError
from calib.files.bounded_file import refuse_endless
from calib.files.image_file import UnreadableImage, decode_rgb
from sequences.datasets.layout import numbered
from sequences.datasets.record3d_metadata import Record3dMetadata
from sequences.datasets.recorded_dataset import RecordedDataset, Shot
from sequences.datasets.stray_scanner import MIN_CONFIDENCE
from sequences.frame import DepthImage
from sequences.sequence import SourceOptions

LAYOUT = "a .r3d file, or metadata and rgbd/0.jpg (Record3D)"
MAX_MEMBER_BYTES = 64 << 20
"""Size of one picture, or of the list of poses, at most."""
DAMAGE = (OSError, ValueError, KeyError, EOFError, RuntimeError, struct.error, zipfile.BadZipFile, zlib.error,
          lzma.LZMAError)
"""What damaged archives raise; RuntimeError where they seem encrypted or compressed in unknown ways."""
MAX_BLOCK_BYTES = 1 << 26
"""Size of one block of depth, decompressed."""


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    path = Path(path)
    is_unpacked = (path / "metadata").is_file() and (path / "rgbd").is_dir()
    return is_unpacked or (path.suffix == ".r3d" and path.is_file())


class Record3dSequence(RecordedDataset):
    """A capture by Record3D, in its archive or unpacked."""

    def __init__(self, location: str | Path, options: SourceOptions):
        root = _root(Path(location))
        metadata = _metadata(root, location)
        images, depths = (numbered(root / "rgbd", rf"(\d+)\.{suffix}") for suffix in ("jpg", "depth"))
        self._lzfse = _lzfse(options) if depths and options.depth_every else None
        shots = [Shot(metadata.time_s(number), image, depths.get(number) if self._lzfse else None,
                      metadata.T_world_cam(number)) for number, image in images.items()]
        super().__init__(location, LAYOUT, shots, metadata.camera, options, self._read_confident, _read_rgb)
        self.name = self.place.stem
        if depths and options.depth_every and not self._lzfse:
            self.skipped.add(f"{location}: its depth is left out, since reading it needs pip install pyliblzfse")

    def _read_confident(self, file):
        depth_m = self._image(file, "<f4").astype(np.float32)
        depth_m[~(depth_m > 0) | np.isinf(depth_m)] = 0
        confidence = file.parent / f"{Path(file.name).stem}.conf"
        if confidence.is_file():
            depth_m[self._image(confidence, "u1") < MIN_CONFIDENCE] = 0
        return DepthImage(depth_m, self.camera.resized(depth_m.shape))

    def _image(self, file, kind):
        """-> (h, w) of the images' aspect ratio, which is all that the file says of its size."""
        values = np.frombuffer(self._decompressed(file), kind)
        height = round((values.size * self.camera.height / self.camera.width) ** 0.5)
        if not values.size or values.size % height:
            raise UnreadableImage(f"{file}: {values.size} values are no image of {self.camera.width}:"
                                  f"{self.camera.height}")
        return values.reshape(height, -1)

    def _decompressed(self, file):
        data, lzfse = _bytes(file), self._lzfse
        assert lzfse is not None, "without it no shot has depth"
        if data[:3] != b"bvx" or len(data) < 12 or int.from_bytes(data[4:8], "little") > MAX_BLOCK_BYTES:
            raise UnreadableImage(f"{file}: truncated, empty, or not compressed by LZFSE")
        try:
            data = lzfse.decompress(data)
        except (lzfse.error, MemoryError):
            data = b""
        if len(data) % 4:
            raise UnreadableImage(f"{file}: damaged")
        return data


def _root(path: Path) -> Path:
    """A .r3d file or a folder -> the root of what is in it. Raises SourceError."""
    if not path.is_file():
        return path
    try:
        return cast(Path, zipfile.Path(zipfile.ZipFile(path)))  # it has what we use of one: /, read_bytes, iterdir
    except DAMAGE as error:
        raise SourceError(f"{path} is no whole .r3d file ({error}): fetch it again") from error


def _metadata(root, location):
    try:
        data = _bytes(root / "metadata")
    except UnreadableImage as error:
        raise SourceError(f"{location} lacks its metadata ({error}): expected {LAYOUT}") from error
    return Record3dMetadata(data, root / "metadata")


def _bytes(file):
    """Content of a file, in the archive or not. Raises UnreadableImage."""
    try:
        if isinstance(file, Path):
            refuse_endless(file)
        with file.open("rb") as opened:  # sizes that an archive tells of itself may be wrong
            data = opened.read(MAX_MEMBER_BYTES + 1)
        if len(data) > MAX_MEMBER_BYTES:
            raise UnreadableImage(f"{file}: over {MAX_MEMBER_BYTES >> 20} MB, too much for one shot")
        return data
    except (*DAMAGE, SourceError) as error:
        raise UnreadableImage(f"{file}: {error}") from error


def _read_rgb(file):
    return decode_rgb(_bytes(file), file)


def _lzfse(options):
    """The module that decompresses depth. None without it, where colour alone will do."""
    try:
        import liblzfse
    except ImportError:
        if options.depth_every == 1:
            raise MissingPackageError("pyliblzfse", "the depth of a Record3D capture") from None
        return None
    return liblzfse
