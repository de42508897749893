"""What takes seconds to make is made once, though pytest-xdist runs the tests in several processes."""

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest


def once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]):
    """What `make(folder)` returns, made by the process that asks first; the others wait for it. It must pickle."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # each worker has a folder of its own in that of the whole run
    made = base / f"{name}.pickle"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            (base / name).mkdir()
            made.write_bytes(pickle.dumps(make(base / name)))
    return pickle.loads(made.read_bytes())
