"""Which URLs are a store's, and what is said where one cannot be reached."""

from argparse import Namespace

import pytest

from calib.base.errors import BadInputError, MissingPackageError, OutputError
from monofuse.batch.place import Place
from monofuse.batch.recordings import tasks_of
from monofuse.batch.store import file_system, is_remote

pytest.importorskip("fsspec")


def test_which_urls_are_a_store():
    assert is_remote("s3://bucket/walk.mp4") and not is_remote("rtsp://camera/1") and not is_remote("tum:walk")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(MissingPackageError, match="pip install s3fs"):
        file_system("s3://bucket/walk")


class ClientError(Exception):
    """As the packages below s3fs and gcsfs raise: no OSError, and in several lines."""


@pytest.mark.parametrize("act, error", [
    (lambda: tasks_of(Namespace(recordings=["memory://lab/*"]), Place.of("memory://out")), BadInputError),
    (lambda: tasks_of(Namespace(recordings=["memory://lab/walk"]), Place.of("memory://out")), BadInputError),
    (lambda: Place.of("memory://out").report("walk"), BadInputError),
    (lambda: Place.of("memory://out").write(b"", "summary.csv"), OutputError)])
def test_what_a_store_raises_is_one_line(monkeypatch, act, error):
    def refuse(*_, **__):
        raise ClientError("no\ncredentials")
    for name in ("glob", "exists", "cat_file", "pipe_file"):
        monkeypatch.setattr(type(file_system("memory://out")[0]), name, refuse)
    with pytest.raises(error, match=r"^cannot (read|write) memory://\S+: no credentials$"):
        act()


def test_a_missing_bucket_is_named(monkeypatch):
    def refuse(*_):
        raise FileNotFoundError("http://127.0.0.1/b/lab/o")
    for name in ("glob", "pipe_file"):
        monkeypatch.setattr(type(file_system("memory://out")[0]), name, refuse)
    with pytest.raises(OutputError, match="cannot write memory://out/summary.csv: there is no such bucket"):
        Place.of("memory://out").write(b"", "summary.csv")
    with pytest.raises(BadInputError, match="there is nothing at memory://lab/"):
        tasks_of(Namespace(recordings=["memory://lab/*"]), Place.of("memory://out"))
