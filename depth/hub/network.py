"""A model of the hub as a depth estimator, and the one way to open whatever the user typed after --depth."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera
from depth.estimator import DepthPrediction
from depth.hub.description import Description, describe
from depth.hub.exported import exported
from depth.hub.known_models import KNOWN_MODELS, licence_line
from depth.hub.model_files import ModelFiles, find_model
from depth.runtimes import catalogue
from depth.runtimes.default_network import SHIPPED, weights_of
from depth.runtimes.image_network import ImageNetwork
from depth.runtimes.network_spec import read_spec

SIMILARITY = 0.8
"""Least share of a mistyped name that it has in common with the one that was meant, as difflib counts."""


class HubNetwork(ImageNetwork):
    """A model at as many sizes of input as the images need, each a network of its own."""

    def __init__(self, name: str, open_at: Callable[[tuple[int, int]], ImageNetwork], size: tuple[int, int],
                 multiple: int | None) -> None:
        """`open_at`: size (height, width) of the input -> network; `size` is opened now."""
        self._open_at, first = open_at, open_at(size)
        self._networks = {size: first}
        super().__init__(name, replace(first.spec, multiple=multiple), size)
        self.details, self.note = first.details, first.note

    def network_for(self, image_size: tuple[int, int]) -> ImageNetwork:
        """The network for images (height, width) of such a shape."""
        size = self.size_for(image_size)
        if size not in self._networks:
            self._networks[size] = self._open_at(size)
        return self._networks[size]

    def predict(self, rgb: np.ndarray, camera: Camera) -> DepthPrediction:
        """Depth in metres for this camera; see depth.estimator.DepthEstimator."""
        return self.network_for(rgb.shape[:2]).predict(rgb, camera)

    def focal_share(self, rgb: np.ndarray) -> float | None:
        """Focal length that the network sees; see ImageNetwork."""
        return self.network_for(rgb.shape[:2]).focal_share(rgb)

    def raw(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """The network's output; see ImageNetwork."""
        return self.network_for(rgb.shape[:2]).raw(rgb)


def open_estimator(name: str | Path, options: Mapping[str, str] | None = None, runtime: str = "auto",
                   device: str = "auto", threads: int = 1, network: str | None = None,
                   progress: Callable[[float], None] | None = None, tell: Callable[[str], None] = lambda line: None
                   ) -> ImageNetwork:
    """Name of our network, a file, a model of the hub or a folder with one -> DepthEstimator.

    `tell` gets a line on what takes long; all else is as for depth.runtimes.catalogue.open_estimator. Raises
    BadInputError and its children.
    """
    model = find_model(str(name), tell)
    if model is None:
        _refuse_mistyped(str(name))
        found = catalogue.open_estimator(weights_of(name), options, runtime, device, threads, network, progress)
        if str(name) in SHIPPED:
            found.licence = SHIPPED[str(name)].licence
        return found
    options, description = dict(options or {}), describe(model)
    size, multiple = _chosen_size(options.pop("size", None), description, model)
    open_at = partial(_opened, model, description, (options, runtime, device, threads, network, progress), tell)
    found = HubNetwork(model.name, open_at, size, multiple)
    found.licence = licence_line(model.licence())
    return found


def network_file(name: str, options: Mapping[str, str], tell: Callable[[str], None]) -> tuple[Path, dict[str, str]]:
    """What the user typed for a network -> its file, and the options that are not in it yet; see open_estimator."""
    model, options = find_model(name, tell), dict(options)
    if model is None:
        return weights_of(name), options
    description = describe(model)
    size, _ = _chosen_size(options.pop("size", None), description, model)
    return exported(model, description, size, tell), options


def _refuse_mistyped(name):
    """Raises NetworkError for what is nearly one of the names that there are, and nothing else."""
    names = (*SHIPPED, *KNOWN_MODELS)
    near = difflib.get_close_matches(name, names, 1, SIMILARITY)
    if near and name not in names and not Path(name).suffix:
        raise NetworkError(f"no depth network {name}; did you mean {near[0]}? `monofuse depth list` shows all names")


def _chosen_size(text, description, model):
    """-> size of the input, and the multiple that other sizes must be of: none where the user chose one."""
    if text is None:
        return description.size, description.multiple
    wanted = read_spec(model.folder / "model.onnx", {"size": text}, "", ()).size
    assert wanted is not None, "text is a size, or was refused"
    if description.multiple is None and wanted != description.size:
        height, width = description.size
        raise NetworkError(f"{model.name} takes images of height and width {height},{width} only: drop the option size")
    replace(description.spec, size=wanted, multiple=description.multiple)  # refuses what does not fit
    return wanted, None


def _opened(model: ModelFiles, description: Description, how, tell, size):
    return catalogue.open_estimator(exported(model, description, size, tell), *how)
