"""Progress of the papers' table on the screen, and how long it may still take."""

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from benchmarks.papers_rows import METRICS, Row
from benchmarks.papers_training import Budget, entry_of, multiplications, training_size

STEP_PER_PARAMETER = 240
"""Multiplications that take as long as one optimiser step of one parameter, to tell how long the rest may take."""


def work(row: Row, budget: Budget) -> int:
    """How long training a row takes, in multiplications: forward, twice as much backward, and the optimiser."""
    if not row.network:
        return 0
    each = 3 * multiplications(entry_of(row), training_size(row, budget))
    return budget.steps * (budget.batch * each + STEP_PER_PARAMETER * entry_of(row).count_parameters())


class Watch:
    """A progress bar, and a line for each row with what the rest may take."""

    def __init__(self, rows: Sequence[Row], works: dict[str, int]) -> None:
        """works: {row name: what `work` says}"""
        self.works, self.count, self.number = works, len(rows), 0
        self.progress = Progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
                                 TimeElapsedColumn(), TextColumn("{task.fields[rest]}"),
                                 console=Console(highlight=False, soft_wrap=True))
        self.total = sum(works.values()) or 1
        self.task = self.progress.add_task("", total=self.total, rest="")
        self.behind, self.resumed, self.began, self.first_step = 0.0, 0.0, time.perf_counter(), None

    def __enter__(self) -> "Watch":
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def begin(self, row: Row) -> None:
        """The training of a row begins."""
        self.row, self.number, self.first_step = row, self.number + 1, None
        self.progress.update(self.task, description=row.name)

    def stepped(self, stage: Any, step: int, result: Any, images_per_s: float) -> None:
        """See depth.training.trainer."""
        if self.first_step is None:
            self.first_step = step - 1
            self.resumed += self.works[self.row.name] * self.first_step / stage.last
        self._show(self.behind + self.works[self.row.name] * step / stage.last)
        self.progress.update(self.task, description=f"{self.row.name} loss {result.loss:.3f}")

    def end(self, row: Row, result: dict[str, Any]) -> None:
        """A row is finished, or has failed."""
        self.behind += self.works[row.name]
        self._show(self.behind)
        values = "  ".join(f"{name} {result['per_pixel'][name]:.3f}" for name in METRICS) if "error" not in result \
            else result["error"]
        self.progress.console.print(f"{self.number}/{self.count} {row.name:24}{values}  {self.rest}")

    def _show(self, behind):
        seconds, done = time.perf_counter() - self.began, behind - self.resumed
        self.rest = f"{seconds * (self.total - behind) / done / 60:.0f} min to go" if done > 0 else ""
        self.progress.update(self.task, completed=behind, rest=self.rest)
