"""From what the user typed after --depth and --runtime to an estimator: a table from name to module."""

import os
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from calib.errors import BadInputError


class Runtime(NamedTuple):
    module: str
    opener: str
    """Called with path, options, device and threads; -> DepthEstimator."""
    suffixes: tuple[str, ...]
    """Of the files that it runs."""


RUNTIMES = {
    "onnx": Runtime("depth.onnx_runtime", "OnnxDepth", (".onnx",)),
    "openvino": Runtime("depth.openvino_runtime", "OpenVinoDepth", (".onnx",)),
    "torch": Runtime("depth.torch_runtime", "open_torch", (".safetensors", ".pth", ".pt")),
}
"""`auto` is the first that runs the file at hand."""
CHOICES = ("auto", *RUNTIMES)


def open_estimator(path, options=None, runtime="auto", device="auto", threads=1, network=None):
    """File, {option: text}, names of runtime and device -> DepthEstimator. Raises BadInputError and its children.

    `network`: whose weights they are, for files of weights that do not say so.
    """
    path = Path(os.path.expanduser(path))
    name = chosen_runtime(path, runtime)
    if network and name != "torch":
        raise BadInputError(f"--network {network} is for files of weights: {path.name} is a network by itself")
    found = RUNTIMES[name]
    more = {"network": network} if network else {}
    return getattr(import_module(found.module), found.opener)(path, options or {}, device, threads, **more)


def chosen_runtime(path, runtime="auto"):
    """-> name of a runtime that runs files like this. Raises BadInputError."""
    if runtime not in CHOICES:
        raise BadInputError(f"--runtime {runtime}: choose one of {', '.join(CHOICES)}")
    suffix = path.suffix.lower()
    able = [name for name, found in RUNTIMES.items() if suffix in found.suffixes]
    if not able:
        known = sorted({suffix for found in RUNTIMES.values() for suffix in found.suffixes})
        raise BadInputError(f"{path}: a depth network is a file that ends in {', '.join(known)}")
    if runtime == "auto":
        return able[0]
    if runtime not in able:
        raise BadInputError(f"--runtime {runtime} runs {', '.join(RUNTIMES[runtime].suffixes)} files, not "
                            f"{path.name}: choose {' or '.join(('auto', *able))}")
    return runtime
