"""MATLAB files whose tags make no sense, over which scipy would end the process."""

import io

import numpy as np
import pytest
from scipy.io import savemat

from calib.files import mat_file
from calib.files.mat_file import mat_contents


def saved(**options):
    file = io.BytesIO()
    savemat(file, {"numbers": np.arange(6.0), "tree": {"name": "x", "inner": [np.eye(2), "y"]}}, **options)
    return file.getvalue()


@pytest.mark.parametrize("options", [{}, {"do_compression": True}, {"format": "4"}])
def test_whole_files_are_read(options):
    data = saved(**options) if "format" not in options else None
    if data is None:
        file = io.BytesIO()
        savemat(file, {"numbers": np.arange(6.0)}, format="4")
        data = file.getvalue()
    assert np.array_equal(mat_contents(data, ["numbers"])["numbers"].ravel(), np.arange(6))


@pytest.mark.parametrize("kind", [0, 8, 19, 255])
def test_types_that_there_are_not_are_refused(kind, monkeypatch):
    data = bytearray(saved())
    monkeypatch.setattr("scipy.io.loadmat", lambda *_, **__: pytest.fail("scipy may crash over it"))
    inner = mat_file.HEADER_BYTES + 8  # the first element of the first matrix
    for place in (mat_file.HEADER_BYTES, inner):
        changed = bytearray(data)
        changed[place] = kind
        with pytest.raises(ValueError, match="makes no sense"):
            mat_contents(bytes(changed))


def test_what_unfolds_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(mat_file, "MAX_BYTES", 20)
    with pytest.raises(ValueError, match="unfolds to too much"):
        mat_contents(saved(do_compression=True))
