"""Models of the hub as ONNX files in the cache: made once for each size of input, and checked against torch."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from calib.base.cache_folder import cache_folder
from calib.base.errors import NetworkError, OutputError, one_line
from calib.files.atomic_file import write_file
from depth.hub.description import Description
from depth.hub.model_files import PREPROCESSING, ModelFiles
from depth.networks.registry import load_torch
from depth.onnx_files.export import export_onnx, smallest
from depth.runtimes.image_network import ImageNetwork
from depth.runtimes.network_spec import spec_text
from depth.runtimes.onnx_network import FIELD_OF_VIEW
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.self_check import pictures
from depth.runtimes.torch_runtime import TorchDepth

EXPORTER_VERSION = 1
"""Grows where this exporter makes other files of the same model, so that older ones are not used any more."""
MAX_DIFFERENCE = 0.02
"""Largest difference to torch's output, over its root mean square, of all but PERCENT_LEFT_OUT % of the pixels:
rounding the weights to half precision makes about a thousandth."""
PERCENT_LEFT_OUT = 1.0
TINY = float(np.finfo(np.float32).tiny)
DIGITS = 16
"""Of the digest in names of files."""


def exported(model: ModelFiles, description: Description, size: tuple[int, int], tell: Callable[[str], None]) -> Path:
    """A model at one size (height, width) of input -> its ONNX file, with FILE.yaml next to it, made where it is not
    there yet.

    `tell` gets a line on what takes long. Raises NetworkError where it does not predict what torch does,
    MissingPackageError, OutputError.
    """
    folder = cache_folder("hub")
    if folder is None:
        raise OutputError("the cache cannot be written: set XDG_CACHE_HOME")
    stem = f"{model.name.replace('/', '--')}-{size[1]}x{size[0]}"
    path = folder / f"{stem}-{model.digest()[:DIGITS]}-v{EXPORTER_VERSION}.onnx"
    spec = description.spec_at(size)
    if not path.is_file():
        tell(f"making an ONNX file of {model.name} for {size[1]}x{size[0]} images, once (takes a minute or more)")
        data = _checked_export(model, spec, size, path)
        write_file(path, data)
    beside = path.with_suffix(".yaml")
    text = spec_text(spec).encode()
    if not beside.is_file() or beside.read_bytes() != text:
        write_file(beside, text)
    return path


def _checked_export(model, spec, size, path):
    """Bytes of the ONNX file."""
    load_torch(f"the first use of {model.name}")
    from depth.hub.torch_model import load_model
    module = load_model(model.folder, model.name)
    reference = TorchDepth(module, replace(spec, size=size), model.name)
    names = ("depth", FIELD_OF_VIEW) if module.has_field_of_view else ("depth",)

    def worst(data: bytes) -> float:
        return difference(OnnxDepth(path, None, "cpu", content=data, spec=spec), reference, size)
    try:
        exported = smallest(lambda half: export_onnx(module, size, names, half_weights=half), worst, MAX_DIFFERENCE)
    except (RuntimeError, ValueError, TypeError) as error:  # what torch's exporter raises derives from these
        reason = one_line(str(error.__cause__ or error))
        raise NetworkError(f"{model.name} cannot be exported to ONNX: {reason}") from error
    refuse_difference(exported.difference, model.name)
    return exported.data


def refuse_difference(worst: float, name: str) -> None:
    """Raise NetworkError where the file of a model is too far from torch's output; see `difference`."""
    if worst == math.inf:
        raise NetworkError(f"{name} predicts NaN or infinite numbers for pictures: see image_mean, image_std and "
                           f"rescale_factor in its {PREPROCESSING}")
    if not worst < MAX_DIFFERENCE:
        raise NetworkError(f"the ONNX file of {name} differs from torch by {100 * worst:.1f} %: it is not used")


def difference(candidate: ImageNetwork, reference: ImageNetwork, size: tuple[int, int]) -> float:
    """Two networks of one input size -> how far their raw outputs are apart, over the root mean square of the
    reference's, on the made-up picture where that is most."""
    worst = 0.0
    for rgb in pictures(size):
        (found, _), (expected, _) = candidate.raw(rgb), reference.raw(rgb)
        if found.shape != expected.shape or not (np.isfinite(found).all() and np.isfinite(expected).all()):
            return math.inf
        off = np.percentile(np.abs(found - expected), 100 - PERCENT_LEFT_OUT)
        worst = max(worst, float(off / max(np.sqrt((expected**2).mean()), TINY)))
    return worst
