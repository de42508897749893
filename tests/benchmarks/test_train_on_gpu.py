"""The prepared training, for a few steps of a tiny network on the CPU."""

import csv
import re
import signal
import subprocess

import pytest

pytest.importorskip("torch")
from benchmarks import train_on_gpu
from calib.base.errors import BadInputError
from depth.__main__ import main as depth
from tests.helpers import tiny_networks
from tests.helpers.training_runs import weights, write_images

TINY = ["--", "--network", "tiny", "--batch", "2", "--size", "32,32", "--loss", "berhu", "--workers", "0",
        "--device", "cpu"]


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Small images, and a program that trains in this process, with tiny networks."""
    tiny_networks.lend(monkeypatch)
    monkeypatch.setattr(train_on_gpu, "TRIAL_STEPS", 10)
    return write_images(tmp_path / "images")


def train_here(settings, gpu_count, end, stdout=None):
    assert depth(["train", *settings]) == 0


def test_it_trains_as_long_as_there_is_time(tmp_path, images, monkeypatch, capsys):
    monkeypatch.setattr(train_on_gpu, "train", train_here)
    monkeypatch.setattr(train_on_gpu, "SHARE_FOR_STEPS", 1e-4)
    train_on_gpu.main([str(images), "--minutes", "30", "--output", str(tmp_path / "out"), *TINY])
    said = re.search(r"no GPU, (\d+) images/s: (\d+) steps in 30 minutes", capsys.readouterr().out)
    assert said and int(said[2]) == pytest.approx(1e-4 * 1800 * int(said[1]) / 2, rel=0.2, abs=1)
    with open(tmp_path / "out" / "log.csv", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert last["step"] == said[2] and last["rel"], "measured at the end"
    assert weights(tmp_path / "out", "tiny")


class Process:
    """A training that would take longer than there is time."""

    def __init__(self, command, **more):
        self.command, self.signals = command, []
        Process.last = self

    def wait(self, timeout=None):
        if timeout is not None and timeout < 100 and not self.signals:
            raise subprocess.TimeoutExpired(self.command, timeout)
        return 0

    def send_signal(self, number):
        self.signals.append(number)


def test_it_ends_in_time(monkeypatch, capfd):
    monkeypatch.setattr(train_on_gpu.subprocess, "Popen", Process)
    train_on_gpu.train(["--steps", "1"], 1, 0)
    assert Process.last.signals == [signal.SIGINT] and "the time is up: saving" in capfd.readouterr().out


def test_several_gpus_train_together(monkeypatch):
    monkeypatch.setattr(train_on_gpu.subprocess, "Popen", Process)
    train_on_gpu.train(["--steps", "1"], 4, 1e12)
    assert Process.last.command[1:] == ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=4",
                                        "-m", "depth", "train", "--steps", "1"]


def test_workers_share_the_cores(monkeypatch):
    for cores, gpu_count, expected in ((16, 1, 15), (16, 4, 3), (2, 0, 1), (1, 1, 1), (64, 1, 16)):
        monkeypatch.setattr(train_on_gpu.os, "cpu_count", lambda cores=cores: cores)
        assert train_on_gpu.workers(gpu_count) == expected


def test_no_time_is_a_mistake(images):
    with pytest.raises(BadInputError, match="--minutes must be positive"):
        train_on_gpu.main([str(images), "--minutes", "0"])
