"""Which of NVIDIA's two packages is used for which GPU, and what is said of it."""

import sys

import pytest

from calib.base.errors import MissingPackageError
from depth.runtimes.nvidia_gpu import NvidiaGpu
from depth.runtimes.tensorrt.package import FULL, RTX, advice, load_tensorrt, packages_for, why

pytest.importorskip("onnx")
from tests.helpers.fake_gpu import FakeGpu


def gpu(capability):
    return NvidiaGpu("NVIDIA Something", capability, (13, 0))


@pytest.mark.parametrize("capability, packages", [
    ((7, 5), (RTX, FULL)), ((8, 0), (RTX, FULL)), ((8, 6), (RTX, FULL)), ((8, 9), (RTX, FULL)), ((12, 0), (RTX, FULL)),
    ((12, 1), (RTX, FULL)), ((8, 7), (FULL,)), ((9, 0), (FULL,)), ((10, 0), (FULL,)), ((11, 0), (FULL,))])
def test_by_compute_capability(capability, packages):
    assert packages_for(gpu(capability)) == packages


def test_without_a_gpu_only_one_builds():
    assert packages_for(None) == (RTX,)


@pytest.mark.parametrize("installed, capability, module, reason", [
    (("tensorrt", "tensorrt_rtx"), (8, 6), "tensorrt_rtx",
     "TensorRT for RTX 1.7.0, the one for compute capability 8.6"),
    (("tensorrt", "tensorrt_rtx"), (9, 0), "tensorrt", "TensorRT 11.4.0, the one for compute capability 9.0"),
    (("tensorrt",), (8, 6), "tensorrt", "TensorRT 11.4.0, since TensorRT for RTX is not installed"),
    (("tensorrt", "tensorrt_rtx"), None, "tensorrt_rtx", "TensorRT for RTX 1.7.0, which builds without a GPU")])
def test_what_is_installed(monkeypatch, installed, capability, module, reason):
    FakeGpu(monkeypatch, installed=installed)
    found = capability and gpu(capability)
    trt = load_tensorrt(found)
    assert (trt.__name__, why(trt, found)) == (module, reason)


@pytest.mark.parametrize("installed, capability, says", [
    ((), (8, 6),
     "TensorRT on compute capability 8.6 needs the package tensorrt-rtx-cu13: pip install tensorrt-rtx-cu13"),
    (("tensorrt_rtx",), (9, 0), "TensorRT on compute capability 9.0 needs the package tensorrt: pip install tensorrt"),
    (("tensorrt",), None, "TensorRT without a GPU needs the package tensorrt-rtx-cu13: pip install tensorrt-rtx-cu13")])
def test_what_is_missing(monkeypatch, installed, capability, says):
    FakeGpu(monkeypatch, installed=installed)
    with pytest.raises(MissingPackageError) as caught:
        load_tensorrt(capability and gpu(capability))
    assert str(caught.value) == says


def test_a_package_without_its_libraries_is_as_good_as_none(monkeypatch, tmp_path):
    (tmp_path / "tensorrt.py").write_text("raise OSError('libnvinfer.so.11: cannot open shared object file')")
    monkeypatch.delitem(sys.modules, "tensorrt", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(MissingPackageError, match="pip install tensorrt$"):
        load_tensorrt(gpu((9, 0)))


def test_advice_is_one_command_where_there_is_something_to_do(monkeypatch):
    FakeGpu(monkeypatch, installed=())
    assert advice(None) == ""
    assert advice(gpu((8, 9))).endswith("pip install -c constraints.txt -e '.[tensorrt-rtx]'")
    assert advice(gpu((9, 0))).endswith("pip install -c constraints.txt -e '.[tensorrt]'")
    FakeGpu(monkeypatch, installed=("tensorrt",))
    assert advice(gpu((9, 0))) == ""
