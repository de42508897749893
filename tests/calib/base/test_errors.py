"""The one family of exceptions: what the command line makes of each."""

import pytest

from calib.base import errors
from calib.base.errors import BadInputError, MissingPackageError, MonofuseError

CHILDREN = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BadInputError)]


def test_a_failed_run_and_bad_input_have_their_exit_codes():
    assert MonofuseError("x").exit_code == 1
    assert len(CHILDREN) >= 6 and all(kind.exit_code == 2 for kind in CHILDREN)


@pytest.mark.parametrize("kind", [kind for kind in CHILDREN if kind is not MissingPackageError])
def test_every_error_is_its_line(kind):
    assert str(kind("what is wrong: what to do")) == "what is wrong: what to do"


def test_a_missing_package_comes_with_its_command():
    assert str(MissingPackageError("viser", "--viewer")) == "--viewer needs the package viser: pip install viser"
