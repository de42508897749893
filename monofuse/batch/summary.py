"""What came of a batch, one row per run: summary.csv for programs, summary.html for people."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from monofuse.batch.page import page
from monofuse.batch.place import Place
from monofuse.batch.task import Task

Row = dict[str, Any]
"""A run: `name`, `source`, `state`, `problem`, what a search varies, and those figures of its report that it has."""
FIGURES = ("frames", "tracked", "lost", "keyframes", "loops", "fps", "total_s", "peak_memory_mb", "ate_sim3_m",
           "ate_se3_m", "ate_scale", "rpe_1s_m", "path_m", "depth_rel", "depth_delta1", "scale_from", "scale_log_std")
"""Of report.json."""


def row_of(task: Task, problem: str | None) -> Row:
    """A task's row: `complete`, `failed` (with the problem), or `missing` where it has not been run."""
    report = task.place.report(task.name)
    state = "failed" if problem else "missing" if report is None else "complete"
    return {"name": task.name, "source": task.arguments.source, "state": state, "problem": problem or "",
            **dict(task.setting), **{name: report[name] for name in FIGURES if report and name in report}}


def write_summary(rows: Sequence[Row], place: Place) -> None:
    """Write summary.csv and summary.html. Raises OutputError."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    columns.sort(key=lambda name: FIGURES.index(name) if name in FIGURES else -1)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    place.write(text.getvalue().encode(), "summary.csv")
    place.write(page(rows, columns).encode(), "summary.html")
