"""What the table of the papers' networks keeps on disk: each finished row, so that none is trained twice."""

import io
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.papers_rows import ROWS, Row
from calib.base.errors import BadInputError, OutputError
from calib.files.atomic_file import write_file
from calib.files.image_file import encode_png
from depth.training import checkpoint_file

MUST_AGREE = ("data", "steps", "batch", "size", "precision", "seed")
"""Settings that all rows of a table share."""


class TableFolder:
    """OUTPUT/rows holds finished rows, OUTPUT/training what is being trained and the weights that rows start from."""

    def __init__(self, folder: str | Path, keeps_weights: bool = False) -> None:
        """`keeps_weights`: of every row, for benchmarks/networks_in_slam.py, not only where other rows start from."""
        self.folder, self.keeps_weights = Path(folder), keeps_weights

    def open(self, settings: dict[str, Any]) -> None:
        """Make ready for rows with these settings. Raises BadInputError where others lie."""
        found = self.settings()
        other = [name for name in MUST_AGREE if found and found[name] != settings[name]]
        if other:
            raise BadInputError(f"{self.folder} holds rows of another {', '.join(other)}: give the same, or another "
                                f"--output")
        self._write("settings.json", settings)

    def settings(self) -> dict[str, Any]:
        """What all rows share; empty before the first is begun."""
        return self._read("settings.json") or {}

    def times(self) -> dict[str, float]:
        """{network: milliseconds}"""
        return self._read("times.json") or {}

    def keep_times(self, times: dict[str, float]) -> None:
        """{network: milliseconds}"""
        self._write("times.json", times)

    def results(self) -> dict[str, dict[str, Any]]:
        """{row name: result} of finished rows and of those that failed, with the milliseconds of their networks."""
        times = self.times()
        kept = {row.name: self._read(f"rows/{row.name}.json") for row in ROWS}
        return {name: {**result, "ms": times.get(result["network"])} for name, result in kept.items() if result}

    def drawing(self, name: str) -> np.ndarray:
        """Depth (n, h, w) in metres that the row of this name predicts for the picture."""
        return np.load(self.folder / "rows" / f"{name}.npy").astype(np.float32)

    def keep(self, row: Row, result: dict[str, Any], drawing: np.ndarray | None = None) -> None:
        """A row is finished, or has failed; what its training left goes, unless others start there or it is wanted."""
        if drawing is not None:
            content = io.BytesIO()
            np.save(content, drawing.astype(np.float16))
            write_file(self.folder / "rows" / f"{row.name}.npy", content.getvalue())
        self._write(f"rows/{row.name}.json", result)
        if not self.keeps_weights and row.name not in {other.start for other in ROWS}:
            shutil.rmtree(self.training(row.name), ignore_errors=True)
        (self.training(row.name) / checkpoint_file.NAME).unlink(missing_ok=True)

    def training(self, name: str) -> Path:
        """Folder in which the row of this name is trained."""
        return self.folder / "training" / name

    def weights(self, name: str) -> Path:
        """What the training of the row of this name leaves."""
        row = next(row for row in ROWS if row.name == name)
        return self.training(name) / f"{row.network}.safetensors"

    def split(self, names: Iterable[str], data: str = "") -> Path:
        """Names of the images to train on, of NYU or other data -> file that lists them."""
        path = self.folder / f"train_images{data and f'_{data}'}.txt"
        write_file(path, "".join(f"{name}\n" for name in names).encode())
        return path

    def write_tables(self, text: str, results: dict[str, dict[str, Any]], settings: dict[str, Any]) -> None:
        """Markdown as papers_table.md, and the same as papers_table.json."""
        write_file(self.folder / "papers_table.md", (text + "\n").encode())
        self._write("papers_table.json", {"settings": settings, "rows": results})

    def write_picture(self, rgb: np.ndarray) -> None:
        """(H, W, 3) uint8 as papers_table.png."""
        write_file(self.folder / "papers_table.png", encode_png(rgb))

    def _read(self, name):
        path = self.folder / name
        try:
            return json.loads(path.read_text()) if path.is_file() else None
        except (OSError, ValueError) as error:
            raise OutputError(f"{path} cannot be read: delete it, and it will be made again") from error

    def _write(self, name, content):
        write_file(self.folder / name, (json.dumps(content, indent=1) + "\n").encode())
