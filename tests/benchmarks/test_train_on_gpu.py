"""The prepared training, for a few steps of a tiny network on the CPU."""

import csv
import signal
import subprocess

import pytest

pytest.importorskip("torch")
from benchmarks import train_on_gpu
from calib.base.errors import BadInputError
from depth.__main__ import main as depth
from tests.helpers import tiny_networks
from tests.helpers.paths import ROOT
from tests.helpers.training_runs import weights, write_images

TINY = ["--", "--network", "tiny", "--batch", "2", "--size", "32,32", "--loss", "berhu", "--workers", "0",
        "--device", "cpu"]


@pytest.fixture
def images(tmp_path, monkeypatch):
    monkeypatch.setattr(train_on_gpu, "PROGRAM", (str(ROOT / "tests" / "helpers" / "tiny_networks.py"),))
    monkeypatch.setattr(train_on_gpu, "TRIAL_STEPS", 10)
    return write_images(tmp_path / "images")


def test_it_trains_as_long_as_there_is_time(tmp_path, images, monkeypatch, capfd):
    monkeypatch.setattr(train_on_gpu, "trial", lambda settings, gpu_count, end: (20.0, 0.01))
    train_on_gpu.main([str(images), "--minutes", "30", "--output", str(tmp_path / "out"), *TINY])
    assert "no GPU, 20 images/s: 14 steps in 30 minutes" in capfd.readouterr().out
    with open(tmp_path / "out" / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[-1]["step"] == "14" and rows[-1]["rel"], "measured at the end"
    assert weights(tmp_path / "out", "tiny")


def test_the_trial_says_how_fast_it_is(images, monkeypatch):
    tiny_networks.lend(monkeypatch)
    monkeypatch.setattr(train_on_gpu, "train", lambda settings, gpu_count, end, stdout: depth(["train", *settings]))
    images_per_s, steps_per_s = train_on_gpu.trial([*train_on_gpu.RECIPE, *TINY[1:], "--data", str(images)], 0, 1e12)
    assert images_per_s == pytest.approx(2 * steps_per_s) and steps_per_s > 0.1


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
