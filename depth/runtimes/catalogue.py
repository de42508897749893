"""From what the user typed after --depth and --runtime to an estimator: a table from name to module."""

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from calib.base.errors import BadInputError, MissingPackageError, UnusableRuntimeError
from depth.runtimes.default_network import SHIPPED
from depth.runtimes.image_network import ImageNetwork
from depth.runtimes.nvidia_gpu import find_gpu


class Runtime(NamedTuple):
    """Where the code of a runtime is, and what it runs."""

    module: str
    opener: str
    """Name of the function or class that makes a DepthEstimator of path, options, device and threads."""
    suffixes: tuple[str, ...]
    """Endings of the files that it runs."""
    needs_gpu: bool = False
    """Whether it is tried only where there is an NVIDIA GPU."""
    takes_gpu: bool = False
    """Whether it goes before all others where there is one."""
    builds: bool = False
    """Whether opening may take minutes; the opener then also takes `progress`, called with the share that is done."""


RUNTIMES = {
    "tensorrt": Runtime("depth.runtimes.tensorrt.runtime", "TensorRtDepth", (".onnx",), needs_gpu=True, builds=True),
    "onnx": Runtime("depth.runtimes.registered_onnx", "open_onnx", (".onnx", ".safetensors")),
    "openvino": Runtime("depth.runtimes.openvino_runtime", "OpenVinoDepth", (".onnx",)),
    "torch": Runtime("depth.runtimes.torch_runtime", "open_torch", (".safetensors", ".pth", ".pt"), takes_gpu=True),
}
"""Runtimes by name; `auto` is the first that runs the given file on this machine."""
CHOICES = ("auto", *RUNTIMES)


def open_estimator(path: str | Path, options: Mapping[str, str] | None = None, runtime: str = "auto",
                   device: str = "auto", threads: int = 1, network: str | None = None,
                   progress: Callable[[float], None] | None = None) -> ImageNetwork:
    """File, {option: text}, names of runtime and device -> DepthEstimator. Raises BadInputError and its children.

    Its `note` says in one line what runs it, and why nothing better does.
    `network`: whose weights they are, for files of weights that do not say so. `progress`: for runtimes that build.
    """
    path = Path(os.path.expanduser(path))
    names = able_runtimes(path, runtime, device)
    if network and "torch" not in names:
        raise BadInputError(f"--network {network} is for files of weights: {path.name} is a network by itself")
    passed_over = {}
    for name in names:
        found = RUNTIMES[name]
        more = {"network": network} if network else {"progress": progress} if found.builds else {}
        try:
            estimator = getattr(import_module(found.module), found.opener)(path, options or {}, device, threads, **more)
        except (MissingPackageError, UnusableRuntimeError) as error:
            if len(names) == 1:
                raise
            passed_over[name] = error
            continue
        estimator.note = _note(name, estimator, passed_over)
        return estimator
    if device == "cuda" and find_gpu() is None:
        raise UnusableRuntimeError("--device cuda: there is no NVIDIA GPU here, or no driver for it (a container needs "
                                   "--gpus all); use --device cpu")
    reasons = "; ".join(f"{name}: {error}" for name, error in passed_over.items())
    raise UnusableRuntimeError(f"nothing here runs {path.name}: {reasons}")


def able_runtimes(path: Path, runtime: str = "auto", device: str = "auto") -> list[str]:
    """Names of the runtimes to try with such a file, best first. Raises BadInputError."""
    if runtime not in CHOICES:
        raise BadInputError(f"--runtime {runtime}: choose one of {', '.join(CHOICES)}")
    suffix = path.suffix.lower()
    able = [name for name, found in RUNTIMES.items() if suffix in found.suffixes]
    if not able:
        known = sorted({suffix for found in RUNTIMES.values() for suffix in found.suffixes})
        ours = ", ".join(f"`{name}`" for name in SHIPPED)
        raise BadInputError(f"no depth network {path}: give {ours}, a file that ends in {', '.join(known)}, "
                            f"or a model of the Hugging Face hub (see `monofuse depth list`); SLAM also takes `sensor`")
    if runtime == "auto":
        has_gpu = device != "cpu" and find_gpu() is not None
        if not has_gpu:
            return [name for name in able if not RUNTIMES[name].needs_gpu]
        return sorted(able, key=lambda name: not (RUNTIMES[name].needs_gpu or RUNTIMES[name].takes_gpu))
    if runtime not in able:
        raise BadInputError(f"--runtime {runtime} runs {', '.join(RUNTIMES[runtime].suffixes)} files, not "
                            f"{path.name}: choose {' or '.join(('auto', *able))}")
    return [runtime]


def _note(name, estimator, passed_over):
    details = f" ({estimator.details})" if estimator.details else ""
    reasons = "".join(f"; not by {other}: {error}" for other, error in passed_over.items())
    return f"run by {name}{details}{reasons}"
