"""What one recording needs of a machine: declared to the engine, which never gives a machine more than it has."""

from dataclasses import dataclass

MEMORY_GB = 3.5
"""Measured peaks of whole runs with defaults are 1.4 to 3.0 GB (docs/accuracy.md); without learning 0.8."""


@dataclass(frozen=True)
class Needs:
    """Of one recording."""

    cpus: int = 1
    gpus: float = 0.0
    """Below one: so many share a GPU."""
    memory_gb: float = MEMORY_GB

    def describe(self) -> str:
        """In words."""
        gpus = f", {self.gpus:g} GPUs" if self.gpus else ""
        return f"{self.cpus} CPU{'s' * (self.cpus > 1)}{gpus} and {self.memory_gb:g} GB"
