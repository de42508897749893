"""The history of figures: what is written, and what counts as a fall."""

import pytest

from benchmarks import history
from calib.base.errors import MonofuseError


def reports(factor=1.0, fps=60.0):
    return [{"ate_sim3_m": factor * value, "ate_se3_m": 0.05, "tracked": 150, "fps": fps + value, "total_s": 30.0,
             "peak_memory_mb": 700.0} for value in (0.010, 0.012, 0.014)]


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Runs the program with these reports -> nothing, or raises."""
    def run(found, *words):
        found = iter(found)
        monkeypatch.setattr(history, "run_slam", lambda source: next(found))
        monkeypatch.setattr("sys.argv", ["history", "--rooms", "3", "--file", str(tmp_path / "history.csv"), *words])
        history.main()
    return run


def test_a_line_is_added_each_time(measured, tmp_path, capsys):
    for _ in range(2):
        measured(reports())
    lines = history.read_history(tmp_path / "history.csv")
    assert [float(line["ate_sim3_m"]) for line in lines] == [0.012, 0.012]
    assert float(lines[0]["ate_sim3_m_std"]) == 0.002
    assert lines[0]["commit"] and "0.012 ± 0.002 | 0.012 ± 0.002" in capsys.readouterr().out


@pytest.mark.parametrize("later, says", [(reports(1.1), None), (reports(0.5), None), (reports(fps=70.0), None),
                                         (reports(1.5), "ate_sim3_m 0.012 -> 0.018"), (reports(fps=50.0), "fps 60"),
                                         (reports(float("nan")), "ate_sim3_m 0.012 -> nan")])
def test_a_figure_that_falls_by_more_than_its_spread_fails(measured, tmp_path, later, says):
    measured(reports())
    if says is None:
        measured(later)
    else:
        with pytest.raises(MonofuseError, match=says):
            measured(later)
        with pytest.raises(MonofuseError, match=says):
            measured([], "--check")
    assert len(history.read_history(tmp_path / "history.csv")) == 2, "written all the same"


def test_another_machine_is_not_compared(measured, tmp_path, monkeypatch):
    measured(reports())
    monkeypatch.setattr(history, "machine", lambda: "another")
    measured(reports(9.0))


def test_nothing_to_check_is_told(measured):
    with pytest.raises(MonofuseError, match="no line"):
        measured([], "--check")


def test_the_file_that_is_kept_can_be_read():
    for line in history.read_history(history.FILE):
        assert all(float(line[name]) >= 0 for name in history.FIGURES)
