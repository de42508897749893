"""Options of a dataset in its name, as in `kitti,along=laser,even=800:DIR`."""

from collections.abc import Mapping

from calib.base.errors import BadInputError

Choices = Mapping[str, tuple[str, ...] | type[int]]
"""{option: the words that it takes, or int for a number above 0}"""


def read_options(name: str, text: str, choices: Choices) -> dict[str, str | int]:
    """`option=value,...` behind the name of a dataset -> {option: value}. Raises BadInputError."""
    options: dict[str, str | int] = {}
    for part in filter(None, text.split(",")):
        option, equals, value = part.partition("=")
        if not equals or option not in choices:
            has = f"the options {', '.join(choices)}" if choices else "no options"
            raise BadInputError(f"--data {name},{text}: {name} has {has}, not {part!r}")
        options[option] = _value(name, option, value, choices[option])
    return options


def _value(name, option, value, allowed):
    if isinstance(allowed, tuple):
        if value in allowed:
            return value
        raise BadInputError(f"--data {name}: {option} is one of {', '.join(allowed)}, not {value!r}")
    if value.isdecimal() and int(value) > 0:
        return int(value)
    raise BadInputError(f"--data {name}: {option} is a number above 0, not {value!r}")
