"""Files that are read whole: limits first, then reading."""

from pathlib import Path

from calib.base.errors import SourceError


def refuse_endless(path: Path) -> None:
    """Raise SourceError for what is there and is neither file nor folder."""
    if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe would keep us waiting, a device never end
        raise SourceError(f"{path}: is no file")


def refuse_unbounded(path: Path, max_bytes: int, kind: str) -> None:
    """Raise SourceError for what never ends and for more than `max_bytes`, which is too much for `kind`, such as `an
    image`; OSError for what is not there."""
    refuse_endless(path)
    size = path.stat().st_size
    if size > max_bytes:
        raise SourceError(_too_much(path, size, kind))


def bytes_of(path: Path, max_bytes: int, kind: str) -> bytes:
    """Content of a file. Raises as `refuse_unbounded` does, before reading."""
    refuse_unbounded(path, max_bytes, kind)
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)  # some files of the system say 0 of their size
    if len(data) > max_bytes:
        raise SourceError(_too_much(path, len(data), kind))
    return data


def _too_much(path, size, kind):
    return f"{path}: {size >> 20} MB are too much for {kind}"
