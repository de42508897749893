"""All tests that load OpenVINO, in a process of their own.

Where OpenVINO has run, a process can crash once it forks, as torch does for the workers that prepare batches: seen with
OpenVINO 2026.4 and torch 2.13, in tests of training that came after those of OpenVINO. Workers also made other images.
"""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.helpers.paths import ROOT

TESTS = ROOT / "tests" / "depth"


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_openvino():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "openvino",
               *(TESTS / name for name in ("runtimes/test_openvino_runtime.py", "runtimes/test_catalogue.py",
                                       "commands/test_quantize.py"))]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
