"""Engines on disk, found by everything that decides how they come out.

For each engine NAME.engine, NAME.json says what it was built from, what goes in and comes out, and on which GPUs it was
found right or wrong; NAME-GPU.kernels is what tensorrt_rtx compiled for a GPU, and timings-GPU what tensorrt measured.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from calib.files.atomic_file import write_file
from depth.runtimes.tensorrt.engine import Built

HEX_DIGITS = 16


class EngineCache:
    """A folder of engines; without a folder nothing is kept."""

    def __init__(self, folder: str | Path | None) -> None:
        self.folder = Path(folder) if folder else None

    def entry(self, stem: str, facts: Mapping[str, Any]) -> "CachedEngine":
        """The CachedEngine made from exactly these `facts`, {name: text, number, or list of these}."""
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:HEX_DIGITS]
        return CachedEngine(self.folder, f"{_plain(stem)}-{facts['precision']}-{digest}", facts)

    def timings(self, trt_name: str, gpu_key: str) -> Path | None:
        """Path of the kernels' times on this GPU, or None."""
        return self.folder and self.folder / f"timings-{_plain(trt_name)}-{_plain(gpu_key)}"


class CachedEngine:
    """One engine and what belongs to it. Files are written whole or not at all."""

    def __init__(self, folder: Path | None, name: str, facts: Mapping[str, Any]) -> None:
        self.folder, self.name, self.facts = folder, name, facts
        self.notes = self._read_notes()

    @property
    def path(self) -> Path | None:
        """Path of the engine, or None."""
        return self.folder and self.folder / f"{self.name}.engine"

    def load(self) -> bytes | None:
        """Bytes of the engine, or None where there is none that is whole."""
        data = read_bytes(self.path)
        return data if data and hashlib.sha256(data).hexdigest() == self.notes.get("sha256") else None

    def save(self, built: Built) -> None:
        """Keep a depth.runtimes.tensorrt.engine.Built. Raises OutputError."""
        self.notes = {"facts": self.facts, "sha256": hashlib.sha256(built.engine).hexdigest(), "inputs": built.inputs,
                      "outputs": built.outputs, "seconds": round(built.seconds, 2), "differences": {}}
        write_bytes(self.path, built.engine)
        self._write_notes()

    def difference_on(self, gpu_key: str) -> float | None:
        """Result of depth.runtimes.self_check.difference on that GPU, or None where it has not been computed."""
        return self.notes.get("differences", {}).get(gpu_key)

    def note_difference(self, gpu_key: str, difference: float) -> None:
        """Remember the result of depth.runtimes.self_check.difference. Raises OutputError."""
        difference = min(difference, 1e9)  # JSON has no infinity
        if difference != self.difference_on(gpu_key):
            self.notes.setdefault("differences", {})[gpu_key] = difference
            self._write_notes()

    def discard(self, gpu_key: str) -> None:
        """Remove an engine that is wrong, and its kernels; what was found out about it stays."""
        for path in (self.path, self.kernels(gpu_key)):
            with suppress(OSError):
                if path:
                    path.unlink()

    def kernels(self, gpu_key: str) -> Path | None:
        """Path of the kernels compiled for a GPU, or None."""
        return self.folder and self.folder / f"{self.name}-{_plain(gpu_key)}.kernels"

    def _read_notes(self):
        try:
            notes = json.loads(read_bytes(self.folder and self.folder / f"{self.name}.json") or b"{}")
        except ValueError:
            return {}
        return notes if isinstance(notes, dict) and isinstance(notes.get("differences", {}), dict) else {}

    def _write_notes(self):
        write_bytes(self.folder and self.folder / f"{self.name}.json", json.dumps(self.notes, indent=1).encode())


def read_bytes(path: Path | None) -> bytes:
    """Content of a file, empty where there is none that can be read."""
    try:
        return path.read_bytes() if path else b""
    except OSError:
        return b""


def write_bytes(path: Path | None, data: bytes) -> None:
    """Replace a file once the new one is whole, if there is something to write and somewhere. Raises OutputError."""
    if path is not None and data:
        write_file(path, data)


def _plain(text):
    """Text as part of a file's name."""
    return re.sub("[^A-Za-z0-9.]+", "_", text)
