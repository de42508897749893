"""`monofuse eval --plots`: pictures that show the errors that the table tells."""

import sys

import numpy as np
import pytest

from calib.base.errors import MissingPackageError
from calib.files.image_file import read_rgb
from calib.files.tum_files import trajectory_text
from slam.__main__ import evaluate
from slam.plots import NAMES, Compared, compared, draw_plots

TIMES_S = 5 + np.arange(60) / 20


@pytest.fixture
def walk(tmp_path):
    """A curve, and the same with a jolt half-way."""
    T = np.tile(np.eye(4), (60, 1, 1))
    T[:, 0, 3], T[:, 2, 3] = np.cos(TIMES_S), 2 * np.sin(TIMES_S)
    (tmp_path / "groundtruth.txt").write_bytes(trajectory_text(TIMES_S, T))
    T[30:33, 1, 3] += 0.3
    (tmp_path / "trajectory.txt").write_bytes(trajectory_text(TIMES_S, T))
    return tmp_path


def test_the_estimate_is_aligned_before_it_is_drawn():
    truth = np.random.default_rng(0).normal(size=(20, 3))
    pair = compared(TIMES_S[:20], 3 * truth + 1, truth)
    assert pair.errors_m.max() < 1e-9 and pair.times_s[0] == 0


def test_pictures_are_drawn_the_same_each_time(walk, capsys):
    pytest.importorskip("matplotlib")
    assert evaluate([str(walk), str(walk / "groundtruth.txt"), "--plots"]) == 0
    said = capsys.readouterr().out
    for name in NAMES:
        assert str(walk / "plots" / name) in said
        assert read_rgb(walk / "plots" / name).std() > 5
    assert evaluate([str(walk), str(walk), "--json", "--plots", str(walk / "other")]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert all((walk / "other" / name).read_bytes() == (walk / "plots" / name).read_bytes() for name in NAMES)


def test_where_nothing_can_be_written_one_line_says_so(walk, capsys):
    pytest.importorskip("matplotlib")
    (walk / "file").write_text("")
    assert evaluate([str(walk), str(walk), "--plots", str(walk / "file")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_without_matplotlib_the_error_names_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match="pip install matplotlib"):
        draw_plots(Compared(TIMES_S, np.zeros((60, 3)), np.zeros((60, 3))), tmp_path)
