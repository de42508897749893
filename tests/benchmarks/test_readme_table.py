"""The table in README out of measured figures."""

import json

import pytest

from benchmarks import readme_table
from benchmarks.readme_table import BEGIN, END, FILE, README, with_table
from calib.base.errors import MonofuseError

FOUND = {"frames": 300, "path_m": 2.367, "ate_se3_m": 0.00834, "ate_sim3_m": 0.0036, "ate_scale": 1.0244, "fps": 43.6,
         "mesh_within_5pct_sim3": 0.694, "mesh_within_10pct_sim3": 0.8461, "total_s": 83.0}
BOARD = {"version": "abc", "date": "2026-01-02", "machine": "a CPU", "recordings": {"kitchen": FOUND}}


def test_each_recording_has_a_row_for_each_source_of_depth():
    sensor = BOARD | {"recordings": {"kitchen": {name: FOUND[name] for name in FOUND if name != "total_s"}}}
    page = with_table(f"# Title\n{BEGIN}old\n{END}after\n", {"sensor": sensor, "mobile": BOARD})
    assert page.startswith(f"# Title\n{BEGIN}| sequence |") and page.endswith(f"{END}after\n") and "old" not in page
    assert "| kitchen (7-Scenes, 300 frames, 2.4 m) | sensor | 0.008 m | 0.004 m |  | 69 / 85 % | 44 |  |\n" in page
    assert "|  | `mobile` | 0.008 m | 0.004 m | 1.02 | 69 / 85 % | 44 | 1.4 min |\n" in page
    assert "Measured at abc (2026-01-02): a CPU, no GPU." in page


def test_a_page_without_the_marks_is_refused():
    with pytest.raises(MonofuseError, match="no table to replace"):
        with_table("# Title\n", {"mobile": BOARD})


def test_the_readme_shows_what_was_measured():
    page = README.read_text()
    assert with_table(page, json.loads(FILE.read_text())) == page


def test_recordings_are_run_with_each_source_of_depth(monkeypatch, tmp_path):
    runs = []
    monkeypatch.setattr(readme_table, "run_slam", lambda recording, *options, keep: runs.append((keep, options)))
    monkeypatch.setattr(readme_table, "scoreboard", lambda recordings, results, output, options: BOARD)
    assert readme_table.measured([tmp_path / "room"], tmp_path) == {"sensor": BOARD, "mobile": BOARD}
    assert runs == [(tmp_path / depth / "room", ("--depth", depth)) for depth in ("sensor", "mobile")]
