"""YAML text, of which a few bytes may unfold to billions of values: `*name` stands for what `&name` named."""

import re
from itertools import accumulate
from typing import Any

import yaml

from calib.base.errors import one_line
from calib.files.json_text import whole

MAX_CHARACTERS, MAX_VALUES = 256 << 10, 1_000_000
"""Of a text, which takes seconds to read, and what it may unfold to."""
MAX_DEPTH = 100
"""Brackets within brackets; the time that they take grows with the square of that."""


def yaml_of(text: str, loader: Any = yaml.SafeLoader, is_first_of_many: bool = False) -> Any:
    """YAML -> lists, dictionaries and plain values. Raises ValueError in one line for what is none, is too long, nested
    too deeply, unfolds to too much, or holds whole numbers beyond those of a float."""
    check_size(text)
    try:
        tree = next(iter(yaml.load_all(text, loader)), None) if is_first_of_many else yaml.load(text, loader)
        if _count(tree, {}) > MAX_VALUES:
            raise ValueError("its aliases unfold to too many values")
        return tree
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        # ValueError: dates that do not exist
        raise ValueError(one_line(error, 200)) from error


def check_size(text: str) -> None:
    """Raises ValueError in one line for YAML that would take minutes to read."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"{len(text) >> 10} kB are too much for YAML")
    if _depth(text) > MAX_DEPTH:
        raise ValueError("it is nested too deeply")


def _depth(text):
    return max(accumulate(1 if bracket in "[{" else -1 for bracket in re.findall(r"[\[\]{}]", text)), default=0)


def _count(tree, known):
    """Values in a tree, in which the same list may stand in many places."""
    if not isinstance(tree, (dict, list, tuple, set)):
        if isinstance(tree, int):
            whole(tree)
        return 1
    if id(tree) not in known:
        known[id(tree)] = MAX_VALUES  # of one that holds itself
        inner = [*tree, *tree.values()] if isinstance(tree, dict) else tree
        known[id(tree)] = 1 + sum(_count(each, known) for each in inner)
    return known[id(tree)]
