"""What the driver says about the GPU, asked of a made-up driver."""

import ctypes
import subprocess
import sys

import pytest

from depth.runtimes import nvidia_gpu
from depth.runtimes.nvidia_gpu import NvidiaGpu, find_gpu
from tests.helpers.paths import ROOT


class Driver:
    """`broken`: the function that fails."""

    def __init__(self, count=1, broken=None):
        self.count, self.broken = count, broken

    def __getattr__(self, function):
        return lambda *arguments: 100 if function == self.broken else getattr(self, f"_{function}")(*arguments)

    def _cuInit(self, flags):
        return 0

    def _cuDeviceGetCount(self, count):
        count._obj.value = self.count
        return 0

    def _cuDeviceGetName(self, name, length, device):
        assert length == 256 and device == 0
        name.value = b"NVIDIA GeForce RTX 4090"
        return 0

    def _cuDriverGetVersion(self, version):
        version._obj.value = 13020
        return 0

    def _cuDeviceGetAttribute(self, value, attribute, device):
        value._obj.value = {75: 8, 76: 9}[attribute]
        return 0


def test_what_it_is():
    gpu = find_gpu(Driver())
    assert gpu == NvidiaGpu("NVIDIA GeForce RTX 4090", (8, 9), (13, 2))
    assert gpu.key == "NVIDIA GeForce RTX 4090 sm89 cuda13.2"


@pytest.mark.parametrize("driver", [Driver(count=0), *(Driver(broken=name) for name in (
    "cuInit", "cuDeviceGetCount", "cuDeviceGetName", "cuDriverGetVersion", "cuDeviceGetAttribute"))])
def test_none_that_can_be_used(driver):
    assert find_gpu(driver) is None


def test_no_driver(monkeypatch):
    def missing(name):
        raise OSError(name)
    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert find_gpu() is None


def test_asking_loads_no_package():
    """The real driver, if there is one."""
    script = f"import sys, {nvidia_gpu.__name__} as gpu; gpu.find_gpu(); print([name in sys.modules for name in " \
             "('torch', 'numpy')])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[False, False]", done.stderr
