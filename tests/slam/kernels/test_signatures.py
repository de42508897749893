"""What kernels take: few arguments, and NamedTuples that do not pass for each other."""

import importlib
import inspect
import pkgutil

import numba
import numpy as np
import pytest

import slam.kernels
from slam.kernels.alignment import POINT_FIELDS, ROWS, LiveImage, Residuals, linearise
from tests.helpers import scenes

MAX_PARAMETERS = 8


def kernels():
    """Dotted names and functions of all kernels that are called from Python."""
    for module in pkgutil.iter_modules(slam.kernels.__path__, "slam.kernels."):
        for name, value in vars(importlib.import_module(module.name)).items():
            compiled = hasattr(value, "py_func") and value.py_func.__module__ == module.name
            if compiled and not value.targetoptions.get("forceinline"):
                yield f"{module.name}.{name}", value.py_func


def test_no_kernel_takes_many_arguments():
    counts = {name: len(inspect.signature(function).parameters) for name, function in kernels()}
    assert len(counts) > 20
    assert [name for name, count in counts.items() if count > MAX_PARAMETERS] == []


def test_a_named_tuple_does_not_pass_for_another():
    image = LiveImage(np.zeros((*scenes.CAMERA.size, 3), np.float32), np.zeros((0, 0), np.float32),
                      scenes.CAMERA.pinhole, np.float32(1.05))
    rest = np.eye(3, 4, dtype=np.float32), np.zeros(2), np.ones(2), np.empty((ROWS, ROWS))
    points = np.ones((POINT_FIELDS, 1), np.float32)
    linearise(points, image, *rest)
    with pytest.raises(numba.TypingError):
        linearise(points, Residuals(*np.zeros((3, 1), np.float32)), *rest)
    with pytest.raises(numba.TypingError):
        linearise(image, points, *rest)
