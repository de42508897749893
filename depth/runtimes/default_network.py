"""The depth network that ships with the program."""

from pathlib import Path

NAME = "mobile"
"""What it is called after --depth. Its model card lies beside its weights."""


def default_weights():
    """-> path of the shipped weights."""
    return Path(__file__).parents[1] / "weights" / f"{NAME}.onnx"


def weights_of(name_or_path):
    """What was typed after --depth -> path of a network."""
    return default_weights() if name_or_path == NAME else Path(name_or_path)
