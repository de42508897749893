"""What can be said after `synthetic:` - options as `key=value` separated by commas, the seed also as a bare number."""

from dataclasses import dataclass, fields

from calib.errors import SourceError

LONGEST_SIDE = 4096


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


def parse_synthetic(text, seed=SyntheticOptions.seed):
    """`synthetic`, `synthetic:3` or `3,frames=600,size=640x480` -> SyntheticOptions, with `seed` where it names none.

    Raises SourceError.
    """
    given = {}
    for part in filter(None, text.removeprefix("synthetic").removeprefix(":").split(",")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            name, value = "seed", name
        if name in given:
            raise SourceError(f"synthetic: {name} is given twice")
        given[name] = _value(name, value)
    return SyntheticOptions(**{"seed": _value("seed", str(seed)), **given})


def _value(name, text):
    """One option's value from its text, checked."""
    kinds = {field.name: type(field.default) for field in fields(SyntheticOptions)}
    if name not in kinds:
        raise SourceError(f"synthetic has no option {name!r}: it has {', '.join(kinds)}")
    try:
        if name == "size":
            return _size(text)
        if name == "loop":
            return {"0": False, "1": True}[text]
        value = kinds[name](text)
    except (ValueError, KeyError):
        wanted = {"size": "WIDTHxHEIGHT such as 640x480", "loop": "0 or 1"}
        raise SourceError(f"synthetic: {name} takes {wanted.get(name, 'a number')}, not {text!r}") from None
    if name == "samples" and value not in (1, 3, 5):
        raise SourceError(f"synthetic: samples takes 1, 3 or 5, not {text}")
    low, high = BOUNDS.get(name, (-float("inf"), float("inf")))
    if not low <= value <= high:
        raise SourceError(f"synthetic: {name} goes from {low} to {high}, not {text}")
    return value


def _size(text):
    width, height = (int(side) for side in text.lower().split("x"))
    if not (16 <= width <= LONGEST_SIDE and 16 <= height <= LONGEST_SIDE):
        raise SourceError(f"synthetic: size goes from 16x16 to {LONGEST_SIDE}x{LONGEST_SIDE}, not {text}")
    return width, height
