"""Which installed packages a run needs: what pyproject.toml names, what those need, and so on."""

import re
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
EXTRAS = ("viewer", "train")
"""Those that `make run` installs."""
NAME = re.compile(r"[A-Za-z0-9._-]+")


def runtime_closure(extras: Iterable[str] = ()) -> list[str]:
    """Names of the installed packages that the project with these extras needs, in alphabetical order."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    waiting = [*project["dependencies"], *(line for extra in extras for line in optional[extra])]
    found = set()
    while waiting:
        name = needed_here(waiting.pop())
        if name is None or name in found:
            continue
        try:
            waiting += metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            raise SystemExit(f"{name} is needed and not installed: make setup") from None
        found.add(name)
    return sorted(found)


def needed_here(requirement: str) -> str | None:
    """`Foo_Bar>=1; python_version >= "3"` -> `foo-bar`; None where its marker does not hold on this machine."""
    from packaging.requirements import Requirement
    parsed = Requirement(requirement)
    if parsed.marker and not parsed.marker.evaluate({"extra": ""}):
        return None
    return re.sub(r"[-_.]+", "-", parsed.name).lower()
