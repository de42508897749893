"""What can be said after `synthetic:` - options as `key=value` separated by commas, the seed also as a bare number."""

from dataclasses import dataclass

from calib.base.errors import SourceError
from sequences.option_text import parse_option, parse_options


@dataclass(frozen=True)
class SyntheticOptions:
    """Options of the synthetic source; each is given by its name."""

    seed: int = 0
    """Which room, which walk, which noise."""
    frames: int = 300
    """Length of the sequence."""
    size: tuple[int, int] = (320, 240)
    """Width x height of the images in pixels."""
    fov: float = 65.0
    """Horizontal field of view in degrees."""
    rate: float = 30.0
    """Frames a second."""
    loop: bool = True
    """1: the walk ends where it starts; 0: it stops on the way."""
    samples: int = 1
    """Samples along each side of a pixel: 1, or 3 or 5 for smooth edges."""
    noise: float = 0.0
    """Standard deviation of sensor noise at mid grey, in grey levels from 0 to 1."""
    exposure: float = 0.0
    """Stops by which exposure wanders slowly, and jumps now and then."""
    blur: float = 0.0
    """Part of the frame interval during which the shutter is open."""


BOUNDS = {"seed": (0, 2**31), "frames": (1, 10**7), "fov": (10, 150), "rate": (1, 1000), "noise": (0, 1),
          "exposure": (0, 4), "blur": (0, 1)}


def parse_synthetic(text: str, seed: int = SyntheticOptions.seed) -> SyntheticOptions:
    """`synthetic`, `synthetic:3` or `3,frames=600,size=640x480` -> SyntheticOptions, with `seed` where it names none.

    Raises SourceError.
    """
    options = text.removeprefix("synthetic").removeprefix(":")
    given = parse_options("synthetic", SyntheticOptions, options, "seed", BOUNDS)
    if given.get("samples", 1) not in (1, 3, 5):
        raise SourceError(f"synthetic: samples takes 1, 3 or 5, not {given['samples']}")
    return SyntheticOptions(**{"seed": parse_option("synthetic", SyntheticOptions, "seed", str(seed), BOUNDS), **given})
