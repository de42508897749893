"""Archives of a data set, downloaded and unpacked; what was interrupted goes on where it stopped."""

import hashlib
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from calib.base.errors import BadInputError, MonofuseError
from monofuse.bench.dataset import Archive

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 60
WHOLE_ALREADY = 416
"""Status of HTTP where nothing comes after what is there."""


def fetch(archive: Archive, folder: Path, tell: Callable[[str], None]) -> None:
    """Download an archive into `folder` and unpack it there, archives within it too. Raises MonofuseError."""
    name = PurePosixPath(archive.url).name
    done = folder / f".{name}.unpacked"
    if done.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    if not file.is_file():
        tell(f"download   {archive.url}{f', {archive.size / 1e6:.0f} MB' if archive.size else ''}")
        _download(archive, file)
    try:
        _unpack(file, folder)
    except (shutil.ReadError, zipfile.BadZipFile, OSError, EOFError) as error:
        raise MonofuseError(f"{file} cannot be unpacked ({error}): remove it and try again") from error
    done.touch()
    file.unlink()


def _download(archive: Archive, file: Path) -> None:
    part = file.with_name(file.name + ".part")
    begun = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(archive.url, headers={"Range": f"bytes={begun}-"} if begun else {})
    size = archive.size
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer, \
                part.open("ab" if answer.status == 206 else "wb") as target:
            if length := answer.headers.get("Content-Length"):  # a short answer is no error to what reads it
                size = (begun if answer.status == 206 else 0) + int(length)
            shutil.copyfileobj(answer, target, CHUNK_BYTES)
    except (urllib.error.URLError, OSError, ValueError) as error:
        if not (begun and getattr(error, "code", None) == WHOLE_ALREADY):
            raise BadInputError(f"{archive.url} cannot be fetched ({error}); what came is kept, and the same command "
                                f"goes on from there") from error
    if size is not None and part.stat().st_size < size:
        raise BadInputError(f"{archive.url} broke off at {part.stat().st_size} of {size} bytes: the same command goes "
                            f"on from there")
    if archive.sha256:
        with part.open("rb") as data:
            digest = hashlib.file_digest(data, "sha256").hexdigest()
        if digest != archive.sha256:
            part.unlink()
            raise MonofuseError(f"{archive.url} is not the file that is known (SHA-256 {digest}): it was removed")
    part.replace(file)


def _unpack(file: Path, folder: Path) -> None:
    """7-Scenes has an archive of archives, EuRoC nothing but `mav0`, which goes into a folder of the archive's name."""
    place = folder
    if zipfile.is_zipfile(file):
        names = zipfile.ZipFile(file).namelist()
        if any(name.startswith("mav0/") for name in names):
            place = folder / file.stem
        shutil.unpack_archive(str(file), str(place), "zip")
        for inner in (place / name for name in names if name.endswith(".zip") and "__MACOSX" not in name):
            shutil.unpack_archive(str(inner), str(inner.parent), "zip")
            inner.unlink()
    else:
        shutil.unpack_archive(str(file), str(place), "gztar", filter="data")
