"""Stores that fsspec knows (s3://, gs://): which URLs are of one, and how it is reached."""

from typing import Any

from calib.base.errors import BadInputError, MissingPackageError


def is_remote(location: str) -> bool:
    """Whether this is the URL of a store that fsspec reads, and neither a path nor a stream of a camera."""
    scheme, separator, _ = location.partition("://")
    return bool(separator) and scheme in ("s3", "s3a", "gs", "gcs", "az", "abfs", "hdfs", "memory")


def file_system(url: str) -> tuple[Any, str]:
    """URL -> fsspec's file system, and the path there. Raises MissingPackageError, BadInputError."""
    try:
        from fsspec.core import url_to_fs
        return url_to_fs(url)
    except ImportError as error:
        package = getattr(error, "name", None) or str(error).rpartition(" ")[2]
        raise MissingPackageError({"gs": "gcsfs", "gcs": "gcsfs", "s3": "s3fs", "s3a": "s3fs"}.get(
            url.partition("://")[0], package), url) from error
    except ValueError as error:
        raise BadInputError(f"{url}: {error}") from error
