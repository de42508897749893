"""Where a batch puts its results: a folder, or a URL that fsspec knows (s3://, gs://). A recording is there whole or
not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calib.base.errors import BadInputError, OutputError
from calib.files.atomic_file import reason_of, write_file
from monofuse.batch.store import file_system, is_remote, reading, writing

REPORT = "report.json"
"""Written last: where it is, the result is whole."""
PART = ".part"
FILE_URL = "file://"


@dataclass(frozen=True)
class Place:
    """A folder, or a URL, that holds one result per recording."""

    location: str

    @classmethod
    def of(cls, text: str) -> "Place":
        """What the user typed; paths become absolute. Raises BadInputError."""
        if is_remote(text):
            file_system(text)
            return cls(text.rstrip("/"))
        if "://" in text and not text.startswith(FILE_URL):
            raise BadInputError(f"--output {text}: expected a folder, or a URL that begins with s3://, gs:// or file://")
        return cls(str(Path(text.removeprefix(FILE_URL)).absolute()))

    @property
    def is_remote(self) -> bool:
        """Whether it is a URL."""
        return is_remote(self.location)

    def at(self, *names: str) -> str:
        """Path or URL of something in it."""
        return "/".join((self.location, *names))

    def report(self, name: str) -> dict[str, Any] | None:
        """report.json of a whole result; None where there is none. Raises OutputError where it cannot be read."""
        try:
            return json.loads(self.read(name, REPORT))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise OutputError(f"{self.at(name, REPORT)} is damaged: remove {self.at(name)}, and it is made anew"
                              ) from error

    def read(self, *names: str) -> bytes:
        """A file's content. Raises FileNotFoundError; BadInputError where a store does not answer."""
        if not self.is_remote:
            return Path(self.at(*names)).read_bytes()
        system, path = file_system(self.at(*names))
        with reading(self.at(*names)):
            return system.cat_file(path)

    def write(self, data: bytes, *names: str) -> None:
        """A file, whole or not at all. Raises OutputError."""
        if not self.is_remote:
            write_file(self.at(*names), data)
            return
        system, path = file_system(self.at(*names))
        with writing(self.at(*names)):
            system.pipe_file(path, data)

    @contextmanager
    def new_result(self, name: str) -> Iterator[Path]:
        """A `with` block that yields an empty folder; when the block ends well, its content is the result `name`."""
        folder = self._scratch(name)
        try:
            yield folder
            (self._upload if self.is_remote else self._move)(folder, name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _scratch(self, name: str) -> Path:
        """Local results grow beside their final place, so that moving them there is one step."""
        try:
            if not self.is_remote:
                Path(self.location).mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=PART,
                                         dir=None if self.is_remote else self.location))
        except OSError as error:
            raise OutputError(f"cannot write to {self.location}: {reason_of(error)}; choose another --output"
                              ) from error

    def _move(self, folder: Path, name: str) -> None:
        os.chmod(folder, 0o777 & ~_umask())  # mkdtemp makes folders for this user alone
        try:
            os.rename(folder, self.at(name))
        except OSError as error:
            raise OutputError(f"cannot move the result to {self.at(name)}: {reason_of(error)}") from error

    def _upload(self, folder: Path, name: str) -> None:
        system, path = file_system(self.at(name))
        files = sorted((file for file in folder.rglob("*") if file.is_file()), key=lambda file: file.name == REPORT)
        with writing(self.at(name)):
            for file in files:
                system.put_file(str(file), f"{path}/{file.relative_to(folder).as_posix()}")

    def sweep(self) -> None:
        """Remove what processes that were killed have left half-done. Only while no other batch works here."""
        if not self.is_remote:
            for folder in Path(self.location).glob(f".*{PART}"):
                shutil.rmtree(folder, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
