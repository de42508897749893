"""The whole configuration with what every field means, as `--list-config` prints it and `--config` reads it."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from itertools import pairwise
from typing import Any, get_type_hints

from monofuse.configuration import plain, without_null

WIDTH = 118
TITLE = "The configuration of SLAM. A file for --config may have any of these fields; null switches a stage off."


@cache
def field_docs(kind: type) -> dict[str, str]:
    """{field: the docstring below it} of a dataclass; fields without one are missing."""
    definition = next(iter(ast.parse(textwrap.dedent(inspect.getsource(kind))).body))
    assert isinstance(definition, ast.ClassDef)
    return {field.target.id: inspect.cleandoc(doc.value.value) for field, doc in pairwise(definition.body)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            and isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant) and isinstance(doc.value.value, str)}


def listed(config: Any) -> str:
    """A configuration as YAML; every field stands below a comment that says what it is. Of a stage that is off, the
    fields are comments, too."""
    return "\n".join([f"# {TITLE}", "", *_lines(type(config), config)]) + "\n"


def _lines(kind: type, config: Any, indent: str = "") -> Iterator[str]:
    """`config` None: the defaults of the dataclass `kind`."""
    docs, hints = field_docs(kind), get_type_hints(kind)
    for field in fields(kind):
        value = _default(field) if config is None else getattr(config, field.name)
        doc = " ".join(docs.get(field.name, "").split())
        for line in textwrap.wrap(doc, WIDTH - len(indent) - 2):
            yield f"{indent}# {line}"
        inner = without_null(hints[field.name])[0]
        if not (isinstance(inner, type) and is_dataclass(inner)):
            yield f"{indent}{field.name}: {'...' if value is MISSING else json.dumps(plain(value))}"
        elif value is None or value is MISSING:
            yield f"{indent}{field.name}: null"
            yield from (f"{indent}# {line}" for line in _lines(inner, None, "  "))
        else:
            yield f"{indent}{field.name}:"
            yield from _lines(inner, value, indent + "  ")


def _default(field):
    return field.default if field.default_factory is MISSING else field.default_factory()
