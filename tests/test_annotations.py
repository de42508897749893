"""Signatures that others call say what they take and give, read from the sources of all our modules."""

import ast

import pytest

from tests.helpers.paths import ROOT

ROOMS = ("benchmarks", "calib", "depth", "examples", "monofuse", "sequences", "slam")
COMPILED = ("kernel", "inline", "ordered_kernel", "ordered_inline")
"""Decorators of functions for numba, which infers types from the arguments of each call."""


def public_functions(tree):
    """(function, whether its first parameter is `self` or `cls`) of a module and its public classes."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from ((function, not is_decorated(function, "staticmethod"))
                        for function, _ in public_functions(node))
        elif isinstance(node, ast.FunctionDef) and (node.name == "__init__" or not node.name.startswith("_")):
            yield node, False


def is_decorated(function, *names):
    """Whether one of a function's decorators, called or not, has one of these names."""
    decorators = (node.func if isinstance(node, ast.Call) else node for node in function.decorator_list)
    return any(ast.unparse(node).rpartition(".")[2] in names for node in decorators)


def unannotated(tree):
    """`line N: NAME(PARAMETER)` of each parameter without a type, and `line N: NAME` where it is the result."""
    for function, is_method in public_functions(tree):
        if is_decorated(function, *COMPILED):
            continue
        a, where = function.args, f"line {function.lineno}: {function.name}"
        parameters = [*a.posonlyargs, *a.args][is_method:] + a.kwonlyargs + [p for p in (a.vararg, a.kwarg) if p]
        yield from (f"{where}({parameter.arg})" for parameter in parameters if parameter.annotation is None)
        if function.returns is None and function.name != "__init__":
            yield where


@pytest.mark.parametrize("room", ROOMS)
def test_public_signatures_are_fully_annotated(room):
    assert not [f"{path.relative_to(ROOT)} {complaint}" for path in sorted((ROOT / room).rglob("*.py"))
                for complaint in unannotated(ast.parse(path.read_text()))]


@pytest.mark.parametrize("text, complaints", [
    ("def f(a, *b, c: int = 0, **d) -> int: ...", ["line 1: f(a)", "line 1: f(b)", "line 1: f(d)"]),
    ("def f(a: int): ...", ["line 1: f"]),
    ("class A:\n    def __init__(self, a): ...", ["line 2: __init__(a)"]),
    ("class A:\n    @staticmethod\n    def f(a) -> int: ...", ["line 3: f(a)"]),
    ("class A:\n    class B:\n        @property\n        def f(self): ...", ["line 4: f"]),
    ("class A:\n    def __init__(self, a: int): ...\n    def f(self) -> int: ...", []),
    ("@kernel(fastmath=True)\ndef f(a): ...", []),
    ("def _f(a): ...\nclass _A:\n    def f(self, a): ...", []),
    ("def f() -> None:\n    def inner(a): ...", []),
])
def test_what_counts_as_unannotated(text, complaints):
    assert list(unannotated(ast.parse(text))) == complaints
