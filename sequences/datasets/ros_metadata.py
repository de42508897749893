"""YAML in bags of ROS 2, which takes minutes to parse where it is long or nested deeply: checked before."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from calib.base.errors import SourceError
from calib.files.bounded_file import bytes_of, refuse_endless
from calib.files.yaml_text import check_size

MAX_BYTES = 256 << 10
"""Of metadata.yaml."""
PROFILES = "SELECT offered_qos_profiles FROM topics"


def check_metadata(place: Path) -> None:
    """Raises SourceError for a bag, a file or a folder, with such YAML, and for one in which pipes or devices lie."""
    files = sorted(place.iterdir()) if place.is_dir() else [place]
    for file in files:
        refuse_endless(file)
    try:
        if place.is_dir():
            check_size(bytes_of(place / "metadata.yaml", MAX_BYTES, "metadata of a bag").decode(errors="replace"))
        for file in files:
            if file.suffix == ".db3" and file.is_file():
                for profile in _profiles(file):
                    check_size(profile)
    except ValueError as error:
        raise SourceError(f"{place} cannot be opened as a bag of ROS: of its metadata, {error}") from error


def _profiles(file):
    """What a database says of its topics, where it says so in text."""
    uri = f"{file.resolve().as_uri()}?mode=ro&immutable=1"
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True)) as connection:
        return [text for text, in connection.execute(PROFILES) if isinstance(text, str)]
    return []
