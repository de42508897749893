"""A batch in stores that speak their own protocol over HTTP: recordings and results in S3, a batch that is killed."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.helpers.paths import ROOT

PATIENCE_S = 600
POLL_S = 0.2


@pytest.fixture
def s3(monkeypatch):
    """fsspec's file system of an S3 server on this machine that has an empty bucket `lab`."""
    s3fs = pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    system = s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True)
    system.mkdir("lab")
    yield system
    system.rm("lab", recursive=True)
    server.stop()


def batch(*words):
    """A started process."""
    command = [sys.executable, "-m", "monofuse", "batch", *words, "--depth", "sensor", "--fast", "--no-scene",
               "--workers", "1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
                            env=os.environ | {"PYTHONPATH": str(ROOT), "RAY_worker_niceness": "0"})


def reports(system):
    """{name: when its report was written} of the results that are whole."""
    return {path.split("/")[-2]: system.info(path)["LastModified"] for path in system.glob("lab/out/*/report.json")}


@pytest.mark.heavy
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_recordings_and_results_in_s3(s3, kernels, pristine_recording, tmp_path, end):
    """Killed after its first result, started again: what is whole is left alone, what fails is listed."""
    pytest.importorskip("ray")
    for k in range(3):
        shutil.copytree(pristine_recording, tmp_path / "in" / f"walk{k}")
    (tmp_path / "in" / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    s3.put(f"{tmp_path}/in/", "lab/in/", recursive=True)
    words = "s3://lab/in/*", "--output", "s3://lab/out"

    first = batch(*words)
    deadline_s = time.monotonic() + PATIENCE_S
    while not reports(s3):
        assert first.poll() is None and time.monotonic() < deadline_s, first.communicate()
        time.sleep(POLL_S)
    first.send_signal(end)
    first.communicate(timeout=PATIENCE_S)
    assert first.returncode == (130 if end == signal.SIGINT else -end)
    whole = reports(s3)
    assert len(whole) < 3

    second = batch(*words)
    said, problem = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 1 and "1 of 4 failed, first broken" in problem and "Traceback" not in problem, problem
    assert f"4 runs, {len(whole)} of them finished already" in said
    after = reports(s3)
    assert sorted(after) == ["walk0", "walk1", "walk2"] and whole.items() <= after.items(), "none is made twice"
    table = s3.cat_file("lab/out/summary.csv").decode()
    assert table.count(",complete,") == 3 and table.count(",failed,") == 1
    assert s3.exists("lab/out/walk0/mesh.ply") and s3.exists("lab/out/logs/broken.txt")
    assert s3.exists("lab/out/summary.html")


@pytest.mark.heavy
@pytest.mark.parametrize("words, says", [
    (["s3://lab/nothing/*", "--output", "s3://lab/out"], "there is nothing at s3://lab/nothing/*"),
    (["s3://elsewhere/walk", "--output", "s3://lab/out"], "there is nothing at s3://elsewhere/walk"),
    (["synthetic:frames=6", "--output", "s3://elsewhere/out"], "s3://elsewhere/out")])
def test_mistakes_about_a_bucket_are_one_line(s3, words, says):
    process = batch(*words)
    _, problem = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2 and says in problem and len(problem.strip().splitlines()) == 1, problem
