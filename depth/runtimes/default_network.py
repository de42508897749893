"""The depth networks that ship with the program. The model card of each lies next to its weights."""

from pathlib import Path
from typing import NamedTuple


class Shipped(NamedTuple):
    """One of them."""

    trained_on: str
    """In a few words, for a table."""
    licence: str
    """One line where what it was trained on may bind its users, else empty."""


NAME = "mobile"
"""The default: of those that ship the one that knows rooms best."""
SHIPPED = {
    NAME: Shipped("NYU Depth v2, synthetic rooms, RGB-D sets", "trained with NYU Depth v2 and other data for research; "
                                                               "for any other use: --depth mobile-open"),
    "mobile-open": Shipped("synthetic rooms, RGB-D sets that allow any use", "")}


def shipped_weights(name: str) -> Path:
    """Path of the weights of one of SHIPPED."""
    return Path(__file__).parents[1] / "weights" / f"{name}.onnx"


def default_weights() -> Path:
    """Path of those of NAME."""
    return shipped_weights(NAME)


def weights_of(name_or_path: str | Path) -> Path:
    """Path of the network that was typed after --depth: one of SHIPPED, or a file."""
    return shipped_weights(str(name_or_path)) if name_or_path in SHIPPED else Path(name_or_path)
