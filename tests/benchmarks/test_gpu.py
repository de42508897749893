"""The measurements that need a GPU, on a made-up one."""

import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from benchmarks import gpu, gpu_networks
from calib.base.command_line import exit_code
from calib.base.errors import MissingPackageError, MonofuseError
from tests.helpers.fake_gpu import GPU, FakeGpu
from tests.helpers.tiny_onnx import tiny_network

REPORT = {"fps": 61.2, "tracked": 199, "frames": 200, "keyframes": 9, "adaptation_rounds": 1,
          "stages": {"network": {"median_ms": 1.5}}}


@pytest.fixture
def page(tmp_path, monkeypatch):
    """What the program writes; everything but tiny.onnx on TensorRT and ONNX Runtime is made up."""
    def no_openvino(path):
        raise MissingPackageError("openvino", "--runtime openvino")
    tiny_network(tmp_path / "tiny.onnx")
    onnx.save(onnx.shape_inference.infer_shapes(onnx.load(tmp_path / "tiny.onnx")), tmp_path / "tiny.onnx")
    monkeypatch.setattr(gpu, "find_gpu", lambda: GPU)
    monkeypatch.setattr(gpu, "default_weights", lambda: tmp_path / "tiny.onnx")
    monkeypatch.setattr(gpu_networks, "OpenVinoDepth", no_openvino)
    monkeypatch.setattr(gpu_networks, "ROUNDS", 3)
    monkeypatch.setattr(gpu, "run_slam", lambda source, *options: REPORT)
    monkeypatch.setattr(gpu.subprocess, "run", lambda *command, **more: SimpleNamespace(
        returncode=0, stdout="..\n9 passed in 60 s\n"))
    return tmp_path / "gpu.md"


def written(page, *arguments):
    gpu.main(["--output", str(page), "--network", str(page.with_name("tiny.onnx")), *arguments])
    return page.read_text()


@pytest.mark.heavy
def test_everything_is_checked_and_timed(page, monkeypatch):
    FakeGpu(monkeypatch)
    text = written(page, "a_recording")
    assert "Made-up GPU, compute capability 8.9, driver for CUDA 13.0" in text
    assert "TensorRT for RTX 1.7.0, the one for compute capability 8.9" in text
    number = r"[0-9.e-]+"
    for precision in ("fp16", "fp32"):
        assert re.search(rf"\| tiny \| TensorRT {precision} \| {precision}, Made-up GPU.* \| {number} \| {number} \| "
                         rf"{number} \| {number} \| {number} \| right \|", text)
        assert re.search(rf"\| {precision} \| {number} \| {number} \| {number} \| {number} \| right \|", text)
    assert "| tiny | OpenVINO, one CPU thread |  | 0.0 |  |  |  |  | not run: --runtime openvino needs" in text
    assert "| synthetic:frames=200 | tensorrt | off | 61.2 | 1.5 | 9 | 1 | 199 of 200 frames tracked |" in text
    assert "| a_recording | tensorrt | end | 61.2 |" in text and "| a_recording | onnx | off |" in text
    assert text.endswith("`python -m pytest -m gpu`: 9 passed in 60 s\n") and "Not reached" not in text


@pytest.mark.heavy
def test_what_is_wrong_is_said_and_the_exit_code_tells(page, monkeypatch):
    FakeGpu(monkeypatch, lambda name, array, is_half: array + np.float32(0.2) if is_half else array)

    def failing(source, *options):
        sys.exit("monofuse run: no depth network\nended with 2")
    monkeypatch.setattr(gpu, "run_slam", failing)
    with pytest.raises(MonofuseError, match="something is wrong on this GPU"):
        written(page)
    text = page.read_text()
    assert re.search(r"\| tiny \| TensorRT fp16 \|.*\| not run: its fp16 engine is wrong on this GPU: depth", text)
    assert "| failed: monofuse run: no depth network ended with 2 |" in text
    assert re.search(r"\| tiny \| TensorRT fp32 \|.*\| right \|", text)


def test_what_was_not_reached_is_named(page, monkeypatch):
    FakeGpu(monkeypatch)
    platform.processor()  # asks another program, once

    def slow(command, timeout, **more):
        raise subprocess.TimeoutExpired(command, timeout)
    monkeypatch.setattr(gpu.subprocess, "run", slow)
    text = written(page, "--minutes", "1e-9")
    assert "Not reached in time: tiny." in text and "| not reached in time |" in text
    assert "not done after the " in text


def test_every_network_has_its_turn():
    names = gpu.all_networks()
    assert names[0].endswith("mobile.onnx") and len(names) == len(set(names)) == len(gpu.NETWORKS)


def test_networks_are_exported_meanwhile(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_networks, "files", lambda name, scratch: (scratch / f"{name}.onnx", scratch / name))
    monkeypatch.setattr(gpu_networks, "ProcessPoolExecutor", lambda count, context: ThreadPoolExecutor(count))
    found = list(gpu_networks.exported(["a", "tiny.onnx", "b"], tmp_path))
    assert [each.onnx.name for each in found] == ["a.onnx", "tiny.onnx", "b.onnx"] and found[1].weights is None


def test_without_a_gpu_it_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "find_gpu", lambda: None)
    assert exit_code("gpu", lambda: gpu.main([])) == 2
    assert capsys.readouterr().err == ("gpu: this measures on an NVIDIA GPU, and there is none here, or no driver for "
                                       "it\n")
