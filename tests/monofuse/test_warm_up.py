"""Compiling everything before the first frame, with the help of a second process."""

import subprocess
import sys

import pytest

from monofuse import warm_up
from slam.config import SlamConfig
from tests.helpers.paths import ROOT


def test_what_the_second_process_does_works(kernels):
    """It is silent, so nobody would notice."""
    warm_up.main()


@pytest.mark.parametrize("program", ["/nowhere", "false"])
def test_a_second_process_that_fails_is_no_matter(kernels, monkeypatch, program):
    monkeypatch.setattr(sys, "executable", program)
    monkeypatch.setattr(warm_up, "is_compiled", lambda folder: False)
    warm_up.warm_up(SlamConfig.for_network())


@pytest.mark.parametrize("config, was_compiled", [(SlamConfig.for_network(), True), (SlamConfig.for_sensor(), False)])
def test_no_second_process_where_there_is_little_for_it(kernels, monkeypatch, config, was_compiled):
    monkeypatch.setattr(warm_up, "is_compiled", lambda folder: was_compiled)
    monkeypatch.setattr(warm_up, "second_process", lambda: pytest.fail("not needed"))
    warm_up.warm_up(config)


@pytest.mark.heavy
def test_nothing_is_left_to_compile(tmp_path):
    """On a machine that has compiled nothing: a second start finds everything in the cache."""
    program = """
from numba.core import event
from monofuse.warm_up import warm_up
from slam.config import SlamConfig
class Count(event.Listener):
    number = 0
    def on_start(self, _event): self.number += 1
    def on_end(self, _event): pass
count = Count()
event.register("numba:compile", count)
warm_up(SlamConfig.for_network())
print(count.number)
"""
    counts = [int(subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True,
                                 env={"NUMBA_CACHE_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}).stdout)
              for _ in range(2)]
    assert counts[0] > 30 and counts[1] == 0
