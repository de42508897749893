"""Files that are read whole: limits first, then reading."""

from pathlib import Path

from calib.base.errors import SourceError


def refuse_endless(path: Path) -> None:
    """Raise SourceError for what is there and is neither file nor folder."""
    if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe would keep us waiting, a device never end
        raise SourceError(f"{path}: is no file")


def bytes_of(path: Path, max_bytes: int, kind: str) -> bytes:
    """Content of a file. Raises SourceError, before reading, for what never ends and for more than `max_bytes`, which
    is too much for `kind`, such as `a text file`; OSError."""
    refuse_endless(path)
    size = path.stat().st_size
    if size <= max_bytes:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)  # some files of the system say 0 of their size
        size = len(data)
        if size <= max_bytes:
            return data
    raise SourceError(f"{path}: {size >> 20} MB are too much for {kind}")
