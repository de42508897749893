"""The log of a training run as CSV: a line every few steps."""

import csv
from pathlib import Path

from depth.evaluation.metrics import METRICS

COLUMNS = ("step", "epoch", "network", "lr", "loss", "gradient_norm", "images_per_s", *METRICS)


class LogFile:
    """A log that grows by rows; a resumed run drops those after its checkpoint."""

    def __init__(self, path: str | Path, first_step: int = 0) -> None:
        self.path = Path(path)
        kept = []
        if first_step and self.path.is_file():
            with open(self.path, newline="") as file:
                kept = [row for row in csv.DictReader(file) if int(row["step"]) <= first_step]
        with open(self.path, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(kept)

    def add(self, **values: float | str) -> None:
        """Append a row of values by column; numbers with six digits."""
        row = {name: f"{value:.6g}" if isinstance(value, float) else value for name, value in values.items()}
        with open(self.path, "a", newline="") as file:
            csv.DictWriter(file, COLUMNS).writerow(row)
