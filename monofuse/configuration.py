"""The configuration of SLAM as text: `--config FILE`, `--set NAME=VALUE`, and how report.json holds it.

Own code instead of a package, because everything here is a change to a configuration that is already there (the
defaults for measured or predicted depth): a partial file, one field, a stage switched off by null. tyro, dacite and
cattrs make objects from complete input, and OmegaConf, which merges, has neither tuples nor a choice of dataclass or
null with defaults of its own; none of them says in one line which field was meant.
"""

import difflib
import json
import math
import re
import types
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import yaml

from calib.base.errors import BadInputError
from calib.files.bounded_file import bytes_of
from calib.files.json_text import json_of
from calib.files.yaml_text import MAX_CHARACTERS, yaml_of
from slam.config import SlamConfig

EXPECTED = {int: "a whole number of at least 0", float: "a number of at least 0", bool: "true or false", str: "text"}
"""What a field of each type takes. No field of a configuration has a meaning below zero."""
MAX_BYTES = 4 << 20
"""Of a file; a report.json with the times of thousands of keyframes has a few hundred kB."""
MAX_SHOWN = 40
"""Characters of a wrong value that a message repeats."""


class _FieldError(BadInputError):
    """A field that cannot be set; `name` is the field's, with dots."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class _Yaml(yaml.SafeLoader):
    """YAML in which plain words mean what they mean in JSON: 1e-4 is a number, and neither `no` nor 12:30 is one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Aliases would let a short file hold endless values."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases such as *name are not taken here")
        return super().compose_node(parent, index)

    yaml_implicit_resolvers: dict[str, list] = {}  # noqa: RUF012 (PyYAML's own attribute, replaced as a whole)


for _tag, _pattern in (("null", r"null|~|"), ("bool", r"true|false"), ("int", r"[-+]?(0|[1-9][0-9]*)"),
                       ("float", r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")):
    _Yaml.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), None)


def with_file(config: Any, path: Path) -> Any:
    """`config` with the fields that a file gives: YAML or JSON, or a whole report.json. Raises BadInputError."""
    try:
        text = bytes_of(path, MAX_BYTES, "a configuration").decode("utf-8-sig")
        given = json_of(text) if text.startswith("{") and len(text) > MAX_CHARACTERS else yaml_of(text, _Yaml)
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise BadInputError(f"{path}: this is not YAML: {error}") from error
    if isinstance(given, dict) and "configuration" in given:
        given = given["configuration"]
    try:
        return changed(config, {} if given is None else given)
    except _FieldError as error:
        raise BadInputError(f"{path}: {error.name}: {error}" if error.name else f"{path}: {error}") from error


def with_setting(config: Any, name: str, text: str) -> Any:
    """`config` with one field set, as `--set name=text`: `tracker.samples`, `500`. Raises BadInputError."""
    typed = f"--set {name}={text}"
    try:
        given = yaml_of(text, _Yaml)
        for part in reversed(name.split(".")):
            given = {part: given}
        return changed(config, given)
    except _FieldError as error:
        raise BadInputError(f"{typed}: {error}" if error.name == name else f"{typed}: {error.name}: {error}") from error
    except ValueError as error:
        raise BadInputError(f"{typed}: the value is not YAML: {error}") from error


def changed(config: Any, given: object) -> Any:
    """`config`, a dataclass of dataclasses, with the fields of a nested mapping. Raises BadInputError."""
    return _of_dataclass(type(config), given, config, "", type(config))


def refuse_unused(config: SlamConfig) -> None:
    """Raise BadInputError where a stage is switched on that this kind of depth has no use for."""
    unused = [name for name, is_on in (("final_depth", config.final_depth), ("refinement", config.refinement),
                                       ("adjustment", config.adjustment),
                                       ("known_scale", config.known_scale.source != "network")) if is_on]
    if config.depth_is_measured and unused:
        raise BadInputError(f"{unused[0]} is for predicted depth: give --depth with a network too, or leave it out")
    if not config.depth_is_measured and not config.refinement and set(unused) - {"adjustment"}:
        raise BadInputError(f"{unused[0]} needs refinement, which is switched off")


def plain(value: Any) -> Any:
    """A configuration as nested dictionaries, lists and numbers: what report.json holds and `--config` reads."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return float(value) if isinstance(value, float) else value  # NumPy's numbers become Python's


def all_names(kind: type, prefix: str = "") -> Iterator[str]:
    """Names of all fields of a dataclass and of those in it, as `--set` takes them."""
    for name, hint in get_type_hints(kind).items():
        yield prefix + name
        inner, _ = without_null(hint)
        if isinstance(inner, type) and is_dataclass(inner):
            yield from all_names(inner, f"{prefix}{name}.")


def without_null(hint: Any) -> tuple[Any, bool]:
    """A type hint -> the type that it is besides None, and whether it may be None."""
    if isinstance(hint, types.UnionType):
        return next(kind for kind in get_args(hint) if kind is not type(None)), True
    return hint, False


def _value(hint: Any, given: Any, old: Any, name: str, root: type) -> Any:
    """What a field of this type becomes by what is given for it; `old` is what it is now."""
    kind, may_be_null = without_null(hint)
    if given is None and may_be_null:
        return None
    if is_dataclass(kind):
        return _of_dataclass(kind, given, old, name, root)
    if isinstance(given, dict) and given:
        raise _unknown(f"{name}.{next(iter(given))}", root)
    if get_origin(kind) is tuple:
        return _of_tuple(kind, given, name, root)
    if kind is float and type(given) is int:
        given = float(given) if abs(given) < 1e300 else math.inf
    if type(given) is not kind or (isinstance(given, (int, float)) and not 0 <= given < math.inf):
        raise _wrong(name, EXPECTED[kind] + " or null" * may_be_null, given)
    return given


def _of_dataclass(kind, given, old, name, root):
    if not isinstance(given, dict):
        raise _wrong(name, "fields, as in {name: value}", given)
    required = [field.name for field in fields(kind) if field.default is field.default_factory is MISSING]
    if old is None and not required:
        old = kind()  # a stage is switched on by its name or that of any field of it
    hints, prefix = get_type_hints(kind), f"{name}." if name else ""
    for key in given:
        if key not in hints:
            raise _unknown(f"{prefix}{key}", root)
    values = {key: _value(hints[key], item, getattr(old, key, None), f"{prefix}{key}", root)
              for key, item in given.items()}
    if old is None and not set(required) <= set(values):
        raise _FieldError(name, f"lacks {', '.join(field for field in required if field not in values)}")
    try:
        return kind(**values) if old is None else replace(old, **values)
    except _FieldError:
        raise
    except BadInputError as error:
        raise _FieldError(name, str(error)) from error


def _of_tuple(kind, given, name, root):
    """A list -> tuple[float, float], with as many items, or tuple[float, ...], with any number from one on."""
    kinds = get_args(kind)
    is_any_length = kinds[-1] is Ellipsis
    if not isinstance(given, list) or not given or (not is_any_length and len(given) != len(kinds)):
        count = "one or more" if is_any_length else len(kinds)
        raise _wrong(name, f"a list of {count}, each {EXPECTED[kinds[0]]}", given)
    return tuple(_value(kinds[0] if is_any_length else kinds[k], item, None, name, root)
                 for k, item in enumerate(given))


def _wrong(name, expected, given):
    shown = json.dumps(given, default=str)
    return _FieldError(name, f"expected {expected}, not {shown[:MAX_SHOWN]}{'...' * (len(shown) > MAX_SHOWN)}")


def _unknown(name, root):
    """The error for a name that is none, with the nearest one that is: the same last word elsewhere, else similar."""
    names = list(all_names(root))
    by_leaf = {other.rpartition(".")[2]: other for other in reversed(names)}
    leaf = name.rpartition(".")[2]
    close = (difflib.get_close_matches(name, [other for other in names if other.endswith(f".{leaf}")], 1, 0)
             or difflib.get_close_matches(name, names, 1, 0.75)
             or [by_leaf[other] for other in difflib.get_close_matches(leaf, by_leaf, 1)])
    return _FieldError(name, f"no such field; did you mean {close[0]}?" if close else
                       "no such field; --list-config shows all there are")
