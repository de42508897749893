"""The file that a command is to write, checked before the work that it takes."""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from calib.base.errors import BadInputError, OutputError
from calib.files.atomic_file import reason_of
from depth.runtimes.catalogue import RUNTIMES

WEIGHTS = RUNTIMES["torch"].suffixes
"""Endings of files of weights."""
ONNX = (".onnx",)


def check_output(output: Path, endings: Sequence[str], made_of: Iterable[Path]) -> None:
    """Raise BadInputError where a file has none of these endings or would replace what it is made of, and OutputError
    where it cannot be written; its folder is made where needed."""
    if output.suffix not in endings:
        raise BadInputError(f"{output}: the file to write ends in {' or '.join(endings)}")
    for path in made_of:
        if path.resolve() == output.resolve():
            raise BadInputError(f"{output} would replace the network that it is made of: choose another name")
    try:
        if output.is_dir():
            raise IsADirectoryError
        output.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=output.parent).close()
    except OSError as error:
        reason = "it is a folder" if isinstance(error, IsADirectoryError) else reason_of(error)
        raise OutputError(f"cannot write {output}: {reason}; choose another place") from error
