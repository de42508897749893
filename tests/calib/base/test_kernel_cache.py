"""The on-disk cache of compiled kernels: kept while sources stay, forgotten when any of them changes."""

import sys
import types

import numba
import pytest

from calib.base.kernel_cache import cached_njit, is_compiled
from sequences.synthetic.rendering.raster import rasterise
from slam.kernels.render import render_index

KERNEL = """
from pathlib import Path
from calib.base.kernel_cache import cached_njit, is_compiled
from factor import FACTOR

@cached_njit(Path(__file__).parent, nogil=True)
def scaled(x):
    return FACTOR * x
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Writes a folder of two files, a kernel and a constant it uses, and returns the kernel as a new process would."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))

    def load(factor, clone="."):
        folder = tmp_path / clone / "kernels"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "scale.py").write_text(KERNEL)
        (folder / "factor.py").write_text(f"FACTOR = {factor}\n")
        for name in ("factor", "scale"):
            path = folder / f"{name}.py"
            module = types.ModuleType(name)
            module.__file__ = str(path)
            monkeypatch.setitem(sys.modules, name, module)
            exec(compile(path.read_text(), path, "exec"), vars(module))
        return module.scaled

    return load


def test_the_same_sources_are_compiled_once(load):
    first, second = load(2), load(2)
    assert first(3) == second(3) == 6
    assert sum(first.stats.cache_misses.values()) == 1 and not first.stats.cache_hits
    assert sum(second.stats.cache_hits.values()) == 1 and not second.stats.cache_misses


def test_another_clone_finds_what_the_first_one_compiled(load, tmp_path):
    assert not is_compiled(tmp_path / "kernels")
    first, second = load(2)(3), load(2, "clone")
    assert second(3) == first and second.stats.cache_hits and is_compiled(tmp_path / "clone" / "kernels")


def test_a_change_in_another_file_is_noticed(load, tmp_path):
    assert [load(factor)(3) for factor in (2, 5, 2)] == [6, 15, 6]
    assert len(list((tmp_path / "cache" / "monofuse").glob("kernels-*"))) == 2


def test_numba_keeps_its_own_setting(load, tmp_path):
    scaled = load(2)
    assert numba.config.CACHE_DIR == str(tmp_path / "cache") and not numba.config.CACHE_LOCATOR_CLASSES
    assert scaled.stats.cache_path.startswith(str(tmp_path / "cache" / "monofuse" / "kernels-"))


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "HOME"])
def test_without_a_writable_folder_kernels_still_work(tmp_path, monkeypatch, variable):
    occupied = tmp_path / "file"
    occupied.write_text("")
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(variable, str(occupied))
    doubled = cached_njit(tmp_path)(lambda x: 2 * x)
    assert doubled(4) == 8 and not doubled.stats.cache_path


def test_rooms_and_slam_have_a_cache_each():
    assert "rendering-" in rasterise.stats.cache_path and "kernels-" in render_index.stats.cache_path
