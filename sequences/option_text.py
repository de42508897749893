"""Options in the text of a source, as in `synthetic:3,frames=600` or `webcam:0,size=1280x720`."""

from collections.abc import Mapping
from dataclasses import fields
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from calib.base.errors import SourceError

MIN_SIDE_PX, MAX_SIDE_PX = 16, 4096
Bounds = Mapping[str, tuple[float, float]]
"""Name of an option -> (lowest, highest)."""


def parse_options(source: str, kind: type, text: str, first: str, bounds: Bounds) -> dict[str, Any]:
    """`value,name=value,...` -> {name: value} of fields of the dataclass `kind`; the bare value is that of `first`.

    Sizes are given as WIDTHxHEIGHT. Raises SourceError that begins with `source`.
    """
    given = {}
    for part in filter(None, text.split(",")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            name, value = first, name
        if name in given:
            raise SourceError(f"{source}: {name} is given twice")
        given[name] = parse_option(source, kind, name, value, bounds)
    return given


def parse_option(source: str, kind: type, name: str, text: str, bounds: Bounds) -> Any:
    """The value of one option from its text. Raises SourceError that begins with `source`."""
    if name not in {field.name for field in fields(kind)}:
        raise SourceError(f"{source} has no option {name!r}: it has {', '.join(field.name for field in fields(kind))}")
    parse, wanted = PARSERS[_plain_type(get_type_hints(kind)[name])]
    try:
        value = parse(text)
    except (ValueError, KeyError):
        raise SourceError(f"{source}: {name} takes {wanted}, not {text!r}") from None
    low, high = bounds.get(name, (value, value))
    if not low <= value <= high:
        raise SourceError(f"{source}: {name} goes from {low} to {high}, not {text}")
    if isinstance(value, tuple) and not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in value):
        raise SourceError(f"{source}: size goes from {MIN_SIDE_PX}x{MIN_SIDE_PX} to "
                          f"{MAX_SIDE_PX}x{MAX_SIDE_PX}, not {text}")
    return value


def _plain_type(hint):
    """`tuple[int, int] | None` -> tuple"""
    parts = get_args(hint)
    plain = next(part for part in parts if part is not NoneType) if NoneType in parts else hint
    return get_origin(plain) or plain


def _size(text):
    width, height = (int(side) for side in text.lower().split("x"))
    return width, height


PARSERS = {
    int: (int, "a number"),
    float: (float, "a number"),
    str: (str, "a word"),
    bool: ({"0": False, "1": True}.__getitem__, "0 or 1"),
    tuple: (_size, "WIDTHxHEIGHT such as 640x480"),
}
