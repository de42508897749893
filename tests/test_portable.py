"""What Windows and macOS lack is not needed to import our modules, nor to start the program."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

PACKAGES = ("calib", "sequences", "depth", "slam", "monofuse")
ABSENT = ("resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "posix_ipc")
"""Modules of Python that exist on Unix alone."""
WITHOUT_UNIX = f"""
import importlib, os, signal, sys
import concurrent.futures, shutil, subprocess, tempfile, numba, cv2, trimesh, rich.console
for name in {ABSENT}:
    sys.modules[name] = None
for name in ("SIGHUP", "SIGKILL", "SIGALRM", "SIGUSR1", "SIGPIPE", "pthread_sigmask"):
    delattr(signal, name)
for name in ("fork", "killpg", "sched_getaffinity", "sched_setaffinity", "geteuid", "getuid", "nice", "EX_OK",
             "EX_USAGE", "O_NONBLOCK"):
    delattr(os, name)
"""
"""Beginning of a program that finds what there is on Windows, once the packages of others are loaded."""
OPTIONAL = ("torch", "onnx", "viser", "pyrealsense2", "tensorrt", "tensorrt_rtx", "openvino", "h5py", "liblzfse", "av")


def run(program, before=""):
    """What a program prints; `before` is run while everything is still there."""
    command = [sys.executable, "-c", before + WITHOUT_UNIX + program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def module_name(path: Path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.skipif(sys.platform == "win32", reason="takes away what is not there")
def test_every_module_imports_without_what_only_unix_has():
    names = [module_name(path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    done = run(f"""
for name in {names}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {OPTIONAL}:
            raise
print("all")
""", before="try:\n    import torch, onnx\nexcept ImportError:\n    pass\n")
    assert (done.returncode, done.stdout) == (0, "all\n"), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="takes away what is not there")
def test_the_program_starts_and_signals_work_without_what_only_unix_has():
    done = run("""
from monofuse.__main__ import main
from monofuse.interface.stop_signal import StopSignal
with StopSignal() as stop:
    taken = list(stop.until_stopped(range(3)))
print(taken, main(["run", "nowhere"]))
""")
    assert (done.returncode, done.stdout) == (0, "[0, 1, 2] 2\n"), done.stderr
    assert done.stderr.startswith("monofuse run: ") and done.stderr.count("\n") == 1
