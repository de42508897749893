"""Networks in MatConvNet's .mat files (a DagNN saved as a structure), as tables of their layers' arrays."""

from pathlib import Path

import numpy as np

from calib.base.errors import NetworkError
from calib.files.bounded_file import bytes_of
from calib.files.mat_file import MAX_BYTES, mat_contents

MOMENT_EPSILON = 1e-4
"""Epsilon inside MatConvNet's standard deviations (vl_nnbnorm's default)."""


def read_matconvnet(path: str | Path) -> dict[str, dict[str, np.ndarray]]:
    """Path -> {layer: {part: array}} in the parts' names of the TensorFlow release.

    Convolutions have `weights` (rows, columns, in, out) and, some, `biases`; batch normalisation has `scale`, `offset`,
    `mean` and `variance`. Layers without parameters are left out. Raises NetworkError.
    """
    try:
        content = mat_contents(bytes_of(Path(path), MAX_BYTES, "a .mat file"))
        net = content["net"][0, 0] if "net" in content else content
        values = {_text(entry["name"]): entry["value"] for entry in net["params"].ravel()}
        layers = {_text(layer["name"]): [values[_text(name)] for name in layer["params"].ravel()]
                  for layer in net["layers"].ravel()}
        return {name: _parts(arrays) for name, arrays in layers.items() if arrays}
    except NotImplementedError:
        raise NetworkError(f"{path} is a MATLAB file of version 7.3; save it in MATLAB with -v7") from None
    except OSError as error:
        raise NetworkError(f"{path}: {error.strerror}") from None
    except Exception as error:  # scipy raises its own undocumented types on bytes that are no MATLAB file
        raise NetworkError(f"{path} is no MatConvNet network with params and layers ({error!r})") from None


def _parts(arrays):
    """Parameters of a layer in MatConvNet's order -> {part: array}."""
    if len(arrays) < 3:
        weights = np.asarray(arrays[0], np.float32)
        weights = weights.reshape(weights.shape + (1,) * (4 - weights.ndim))  # MATLAB drops the last sizes of 1
        return {"weights": weights, **({"biases": arrays[1].ravel()} if len(arrays) == 2 else {})}
    scale, offset, moments = arrays
    mean, deviation = np.asarray(moments, np.float64).T
    return {"scale": scale.ravel(), "offset": offset.ravel(), "mean": mean, "variance": deviation**2 - MOMENT_EPSILON}


def _text(cell):
    """A MATLAB string, in a cell or not."""
    while isinstance(cell, np.ndarray):
        cell = cell.ravel()[0]
    return str(cell)
