"""A .npy file that holds a dictionary of arrays, read without running what else a pickle may ask for."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from calib.base.errors import NetworkError
from calib.files.bounded_file import refuse_endless

ALLOWED = {("numpy._core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar"),
           ("numpy._core.numeric", "_frombuffer"), ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}
"""Functions and classes that arrays are rebuilt with."""


class ArrayUnpickler(pickle.Unpickler):
    """An Unpickler that calls nothing but what rebuilds arrays."""

    def find_class(self, module: str, name: str) -> Any:
        """The object `module.name`. Raises UnpicklingError unless it is in ALLOWED."""
        module = module.replace("numpy.core.", "numpy._core.")  # its name before NumPy 2
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def read_array_pickle(path: str | Path) -> dict[str, dict[str, np.ndarray]]:
    """Path of a .npy file that NumPy wrote from a dictionary, under Python 2 as well -> {layer: {part: array}}.

    Raises NetworkError.
    """
    refuse_endless(Path(path))
    try:
        with open(path, "rb") as file:
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
            content = ArrayUnpickler(file, encoding="latin1").load().item()
        return {layer: dict(parts) for layer, parts in content.items()}
    except OSError as error:
        raise NetworkError(f"{path}: {error.strerror}") from None
    except Exception as error:  # unpickling bytes that are no pickle can raise anything
        raise NetworkError(f"{path} is no NumPy file of a dictionary of layers ({error!r})") from None
