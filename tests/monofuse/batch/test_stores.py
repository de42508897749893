"""A batch in stores that speak their own protocols over HTTP, S3's and Google's: results of a batch that is killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from monofuse.batch.store import PACKAGES
from tests.helpers.paths import ROOT

fsspec = pytest.importorskip("fsspec")

PATIENCE_S = 600
POLL_S = 0.2


class Store(NamedTuple):
    """A server on this machine that has an empty bucket `lab`."""

    scheme: str
    system: Any
    """fsspec's, which remembers nothing."""


@contextmanager
def s3(monkeypatch):
    """-> fsspec's name of it"""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    yield "s3"
    server.stop()


@contextmanager
def google(monkeypatch):
    """-> fsspec's name of it"""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host, port = free.getsockname()
    server = pytest.importorskip("gcp_storage_emulator.server").create_server(host, port, in_memory=True)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://{host}:{port}")
    with server:
        yield "gs"


@pytest.fixture(params=[s3, google])
def store(request, monkeypatch):
    pytest.importorskip("ray")
    with request.param(monkeypatch) as scheme:
        pytest.importorskip(PACKAGES[scheme])
        system = fsspec.filesystem(scheme, use_listings_cache=False, skip_instance_cache=True)
        system.mkdir("lab")
        yield Store(scheme, system)
        system.rm("lab", recursive=True)


def batch(*words):
    """A started process."""
    command = [sys.executable, "-m", "monofuse", "batch", *words, "--depth", "sensor", "--fast", "--no-scene",
               "--workers", "1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
                            env=os.environ | {"PYTHONPATH": str(ROOT), "RAY_worker_niceness": "0"})


def reports(store):
    """{name: when its report was written} of the results that are whole."""
    return {path.split("/")[-2]: store.system.modified(path) for path in store.system.glob("lab/out/*/report.json")}


@pytest.mark.heavy
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_recordings_and_results_in_a_bucket(store, kernels, pristine_recording, tmp_path, end):
    """Killed after its first result, started again: what is whole is left alone, what fails is listed."""
    for k in range(3):
        shutil.copytree(pristine_recording, tmp_path / "in" / f"walk{k}")
    (tmp_path / "in" / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    store.system.put(f"{tmp_path}/in/", "lab/in/", recursive=True)
    words = f"{store.scheme}://lab/in/*", "--output", f"{store.scheme}://lab/out"

    first = batch(*words)
    deadline_s = time.monotonic() + PATIENCE_S
    while not reports(store):
        assert first.poll() is None and time.monotonic() < deadline_s, first.communicate()
        time.sleep(POLL_S)
    first.send_signal(end)
    first.communicate(timeout=PATIENCE_S)
    assert first.returncode == (130 if end == signal.SIGINT else -end)
    whole = reports(store)
    assert len(whole) < 3

    second = batch(*words)
    said, problem = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 1 and "1 of 4 failed, first broken" in problem and "Traceback" not in problem, problem
    assert f"4 runs, {len(whole)} of them finished already" in said
    after = reports(store)
    assert sorted(after) == ["walk0", "walk1", "walk2"] and whole.items() <= after.items(), "none is made twice"
    table = store.system.cat_file("lab/out/summary.csv").decode()
    assert table.count(",complete,") == 3 and table.count(",failed,") == 1
    assert store.system.exists("lab/out/walk0/mesh.ply") and store.system.exists("lab/out/logs/broken.txt")
    assert store.system.exists("lab/out/summary.html")


@pytest.mark.heavy
@pytest.mark.parametrize("recording, output, says", [
    ("lab/nothing/*", "lab/out", "there is nothing at {}://lab/nothing/*"),
    ("elsewhere/walk", "lab/out", "there is nothing at {}://elsewhere/walk"),
    ("elsewhere/*", "lab/out", "there is nothing at {}://elsewhere/*"),
    (None, "elsewhere/out", "cannot write {}://elsewhere/out/summary.csv: there is no such bucket")])
def test_mistakes_about_a_bucket_are_one_line(store, recording, output, says):
    source = f"{store.scheme}://{recording}" if recording else "synthetic:frames=6"
    process = batch(source, "--output", f"{store.scheme}://{output}")
    _, problem = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2 and says.format(store.scheme) in problem, problem
    assert len(problem.strip().splitlines()) == 1, problem
