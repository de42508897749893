"""Files that are written whole or not at all, whatever ends the program: a full disk, a signal, a power cut."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from calib.base.errors import OutputError

DISK_FULL = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name)}
NO_SPACE = DISK_FULL | {errno.EFBIG}
PARTIAL_SUFFIX = ".part"
WORTH_SAYING = 100_000
"""Bytes below which the size of a file is not why it cannot be written."""


def write_file(path: str | Path, data: bytes) -> None:
    """bytes -> file, replacing an older one only when the new one is complete. Raises OutputError."""
    with replacing(path, len(data)) as partial:
        partial.write_bytes(data)


@contextmanager
def replacing(path: str | Path, size: int | None = None) -> Iterator[Path]:
    """A `with` block that yields the path of a file to write, which takes the place of `path` when the block is done.

    Its folder is made where needed. `size` in bytes, if known, is for the message. Raises OutputError, and leaves
    nothing behind, where the block raises OSError.
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    partial = target.with_name(partial_name(target.name))
    try:
        if target.exists() and not target.is_file():
            raise OSError("it is not a file")
        target.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        _to_disk(partial)
        os.replace(partial, target)
    except OSError as error:
        megabytes = "" if size is None or size < WORTH_SAYING else f" ({size / 1e6:.1f} MB)"
        space = "free some space or " if error.errno in NO_SPACE else ""
        raise OutputError(f"cannot write {path}{megabytes}: {reason_of(error)}; {space}choose another place "
                          f"(--output)") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def replace_all(folder: Path, contents: Mapping[str, bytes | None]) -> None:
    """Replace several files of a folder by name, or none of them; None removes one.

    All are written whole beside the old ones first. Where a file cannot take its place, or Ctrl-C comes in between, the
    old ones come back. Raises OutputError.
    """
    before = {name: (folder / name).read_bytes() if (folder / name).is_file() else None for name in contents}
    partials = {name: folder / partial_name(name) for name in contents}
    name, touched = "", []
    try:
        for name, data in contents.items():
            if data is not None:
                partials[name].write_bytes(data)
                _to_disk(partials[name])
        for name, data in contents.items():
            touched.append(name)
            if data is None:
                (folder / name).unlink(missing_ok=True)
            else:
                os.replace(partials[name], os.path.realpath(folder / name))
    except BaseException as error:
        for changed in touched:
            _bring_back(folder / changed, before[changed])
        if isinstance(error, OSError):
            raise OutputError(f"cannot replace {folder / name}: {reason_of(error)}; nothing was changed") from error
        raise
    finally:
        for partial in partials.values():
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _bring_back(path: Path, data: bytes | None) -> None:
    with suppress(OSError, OutputError):
        if data is None:
            path.unlink(missing_ok=True)
        elif not path.is_file() or path.read_bytes() != data:
            write_file(path, data)


def partial_name(name: str) -> str:
    """What a file is called until it is whole; two processes that write the same one do not meet."""
    return f".{name}.{os.getpid()}{PARTIAL_SUFFIX}"


def partial_pattern(name: str) -> str:
    """The same for Path.glob: of processes that were killed."""
    return f".{name}*{PARTIAL_SUFFIX}"


def reason_of(error: OSError) -> str:
    """Why something cannot be written, in words for people."""
    if error.errno in DISK_FULL:
        return "the disk is full"
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return "there is a file in the place of the folder"
    return error.strerror or str(error)


def _to_disk(path: Path) -> None:
    """Without this, a power cut may leave a file that has its new name already, and not yet its content."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
