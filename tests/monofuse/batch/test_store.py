"""Which URLs are a store's, and what is said where one cannot be reached."""

import pytest

from calib.base.errors import MissingPackageError
from monofuse.batch.store import file_system, is_remote

pytest.importorskip("fsspec")


def test_which_urls_are_a_store():
    assert is_remote("s3://bucket/walk.mp4") and not is_remote("rtsp://camera/1") and not is_remote("tum:walk")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(MissingPackageError, match="pip install s3fs"):
        file_system("s3://bucket/walk")
