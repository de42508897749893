"""The depth network that ships with the program."""

from pathlib import Path

NAME = "mobile"
"""Name of the network after --depth. Its model card lies next to its weights."""


def default_weights() -> Path:
    """Path of the shipped weights."""
    return Path(__file__).parents[1] / "weights" / f"{NAME}.onnx"


def weights_of(name_or_path: str | Path) -> Path:
    """Path of the network that was typed after --depth: NAME, or a file."""
    return default_weights() if name_or_path == NAME else Path(name_or_path)
