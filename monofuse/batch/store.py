"""Stores that fsspec knows (s3://, gs://): which URLs are of one, how it is reached, and its errors in one line."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from calib.base.errors import BadInputError, MissingPackageError, MonofuseError, OutputError, one_line

PACKAGES = {"gs": "gcsfs", "gcs": "gcsfs", "s3": "s3fs", "s3a": "s3fs"}


def is_remote(location: str) -> bool:
    """Whether this is the URL of a store that fsspec reads, and neither a path nor a stream of a camera."""
    scheme, separator, _ = location.partition("://")
    return bool(separator) and scheme in ("s3", "s3a", "gs", "gcs", "az", "abfs", "hdfs", "memory")


def file_system(url: str) -> tuple[Any, str]:
    """URL -> fsspec's file system, and the path there. Raises MissingPackageError, BadInputError."""
    # gcsfs warns at each step of what it does without, and logs a traceback of what it raises besides.
    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
    try:
        from fsspec.core import url_to_fs
        with reading(url):
            return url_to_fs(url)
    except ImportError as error:
        package = getattr(error, "name", None) or str(error).rpartition(" ")[2]
        raise MissingPackageError(PACKAGES.get(url.partition("://")[0], package), url) from error


@contextmanager
def reading(url: str) -> Iterator[None]:
    """A `with` block in which what the store raises becomes a BadInputError; FileNotFoundError stays what it is."""
    try:
        yield
    except (FileNotFoundError, ImportError, MonofuseError):
        raise
    except Exception as error:  # s3fs and gcsfs let through what is raised below them: botocore, aiohttp, google.auth
        raise BadInputError(f"cannot read {url}: {_reason_of(error)}") from error


@contextmanager
def writing(url: str) -> Iterator[None]:
    """A `with` block in which what the store raises becomes an OutputError."""
    try:
        yield
    except FileNotFoundError as error:
        raise OutputError(f"cannot write {url}: there is no such bucket") from error
    except Exception as error:
        raise OutputError(f"cannot write {url}: {_reason_of(error)}") from error


def _reason_of(error: Exception) -> str:
    return one_line(error) or type(error).__name__
