"""`python -m depth train`: its options, a real kill, a real Ctrl-C, and two processes that train together."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import yaml

torch = pytest.importorskip("torch")

from depth.__main__ import main
from tests.helpers.onnx_file import onnx_file
from tests.helpers.paths import ROOT
from tests.helpers.tiny_networks import lend
from tests.helpers.training_runs import weights, write_images

PROGRAM = ROOT / "tests" / "helpers" / "tiny_networks.py"

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def tiny_networks(monkeypatch):
    lend(monkeypatch)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("nyu"))


def arguments(images, output, *more):
    return ["train", "--network", "tiny", "--data", str(images), "--output", str(output), "--workers", "0",
            "--steps", "4", "--batch", "2", "--val-images", "2", *more]


def test_train_on_the_command_line(images, tmp_path, capsys):
    assert main(arguments(images, tmp_path / "out", "--lr-of", "encoder=0.1", "--size", "32,40", "--loss", "l1",
                          "--recipe", "strong")) == 0
    facts = yaml.safe_load((tmp_path / "out" / "config.yaml").read_text())
    assert facts["size"] == [32, 40] and facts["lr_of"] == [["encoder", 0.1]] and facts["ema"] == 0.999
    assert "written to" in capsys.readouterr().out and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_epochs_count_images(images, tmp_path):
    words = arguments(images, tmp_path / "out", "--epochs", "1.5")
    del words[words.index("--steps"): words.index("--steps") + 2]
    assert main(words) == 0
    assert yaml.safe_load((tmp_path / "out" / "config.yaml").read_text())["steps"] == 5  # 1.5 * 6 / 2


@pytest.mark.parametrize("more, named", [
    (["--network", "huge"], "huge"), (["--data", "/nowhere"], "/nowhere"), (["--loss", "huber"], "huber"),
    (["--lr", "0"], "--lr"), (["--ema", "1"], "--ema"), (["--batch", "x"], "--batch"), (["--size", "32"], "--size"),
    (["--lr-of", "x"], "as in encoder=0.1"), (["--size", "0,32"], "as in 224,288"), (["--threads", "-1"], "--threads"),
    (["--teacher", "nowhere.onnx"], "nowhere.onnx"), (["--teacher", "mobil"], "no depth network mobil: give `mobile`"),
    (["--precision", "fp16"], "fp16"), (["--epochs", "2"], "--epochs"),
    (["--device", "cuda"], "cuda"), (["--resume"], "--resume"), (["--init", "/nowhere.pth"], "nowhere"),
    (["--split", "test"], "test"), (["--speed", "9"], "--speed"), (["--workers", "-1"], "--workers")])
def test_bad_input_is_one_line(images, tmp_path, capsys, more, named):
    if more == ["--device", "cuda"] and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert main(arguments(images, tmp_path / "out", *more)) == 2
    error = capsys.readouterr().err
    assert named in error and error.count("\n") == 1
    assert not (tmp_path / "out" / "checkpoint.pt").exists(), "the corrected command would be refused"


def test_a_teacher_must_know_depth_but_for_its_scale(images, tmp_path, capsys):
    onnx_file(tmp_path / "net.onnx", {"rgb": (1, 3, 8, 8)}, {"depth": (1, 1, 8, 8)},
              [("ReduceMean", ["rgb"], ["depth"], {"axes": [1], "keepdims": 1})])
    (tmp_path / "net.yaml").write_text("output: relative_depth")
    assert main(arguments(images, tmp_path / "out", "--teacher", str(tmp_path / "net.onnx"))) == 2
    assert "up to a factor and a summand" in capsys.readouterr().err


def test_names_that_nothing_has_are_told(images, tmp_path, capsys):
    assert main(arguments(images, tmp_path / "out", "--lr-of", "encodr=0.1", "--freeze-norm", "encodr")) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("no effect")]
    assert len(told) == 2 and "--lr-of encodr=0.1: " in told[0] and "--freeze-norm encodr: " in told[1]


def started(words, **options):
    return subprocess.Popen([sys.executable, str(PROGRAM), *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            text=True, **options)


def wait_for(path, process, seconds=60):
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None and time.monotonic() < end, process.stderr.read()
        time.sleep(0.01)


def ctrl_c_at_the_next(checkpoint):
    """In this process, once the file has changed."""
    before, end = checkpoint.stat().st_mtime_ns, time.monotonic() + 60
    while checkpoint.stat().st_mtime_ns == before and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


def test_a_real_kill_and_a_real_ctrl_c(images, tmp_path, capsys):
    """20000 steps would take minutes: killed at the first checkpoint, resumed, then stopped by Ctrl-C."""
    words = arguments(images, tmp_path / "out", "--steps", "20000", "--checkpoint-every", "20",
                      "--validate-every", "30000")
    checkpoint = tmp_path / "out" / "checkpoint.pt"
    process = started(words)
    wait_for(checkpoint, process)
    process.kill()
    process.communicate()
    killed_at = torch.load(checkpoint, weights_only=True)["step"]
    pressing = threading.Thread(target=ctrl_c_at_the_next, args=[checkpoint])
    pressing.start()
    code = main([*words, "--resume"])
    pressing.join()
    assert (code, capsys.readouterr().err) == (130, "depth: interrupted\n")
    stopped_at = torch.load(checkpoint, weights_only=True)["step"]
    assert stopped_at > killed_at and killed_at % 20 == 0
    assert f"{stopped_at} of 20000" in (tmp_path / "out" / "tiny.md").read_text()


@pytest.mark.heavy
def test_two_processes_learn_what_one_learns(images, tmp_path):
    """Batches of 4 in one process, and of 2 in each of two, with the variables that torchrun sets; no batch
    normalisation and no dropout."""
    words = ["--network", "tiny_plain", "--loss", "l1", "--batch", "4", "--validate-every", "2"]
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    both = [started(arguments(images, tmp_path / "two", *words), env={**common, "RANK": rank, "LOCAL_RANK": rank})
            for rank in ("0", "1")]
    for process in both:
        error = process.communicate(timeout=120)[1]
        assert process.returncode == 0, error[-2000:]
        assert "still connected: []" in error
    assert main(arguments(images, tmp_path / "one", *words)) == 0
    one, two = (weights(tmp_path / folder, "tiny_plain-last") for folder in ("one", "two"))
    for name in one:
        assert torch.allclose(one[name], two[name], atol=1e-5), name


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
