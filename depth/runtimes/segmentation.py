"""Where an image shows things of some class, such as people, by a segmentation network in an ONNX file."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib.base.errors import NetworkError
from depth.onnx_files.model import Declared
from depth.runtimes.network_spec import NetworkSpec, options_beside, spec_for_images
from depth.runtimes.onnx_network import OnnxNetwork
from depth.runtimes.onnx_runtime import open_session
from depth.runtimes.preprocessing import to_input

PERSON = 15
"""Class of people in PASCAL VOC, which most segmentation networks are trained for."""
MIN_SHARE = 0.5
"""Output of a network for one class alone, a share, beyond which it has seen it."""


@dataclass(frozen=True)
class SegmentationOptions:
    """What a segmentation network's classes mean, and how often it runs: from FILE.yaml next to FILE.onnx."""

    classes: tuple[int, ...] = (PERSON,)
    """Numbers of the classes to find: 15 is a person in PASCAL VOC, 11 and 12 in Cityscapes, 0 in COCO."""
    every: int | None = None
    """Frames from one that is segmented to the next; None: as often as there is time for."""


class SegmentationNetwork(OnnxNetwork):
    """A network whose first output is a class map of whole numbers, (h, w), or has a channel of logits per class, or
    one channel with the share of the one class that there is."""

    def __init__(self, path: str | Path, classes: Sequence[int] = (), device: str = "auto", threads: int = 1) -> None:
        """classes: in place of those of FILE.yaml. Raises NetworkError if the file is no segmentation network."""
        session = open_session(path, Path(path), device, threads)
        inputs = [Declared(each.name, each.type, each.shape) for each in session.get_inputs()]
        values = options_beside(path)
        self.options = _options(values, classes, path)
        spec = spec_for_images(path, values, inputs[0].name if inputs else "")
        super().__init__(path, None, inputs, [each.name for each in session.get_outputs()], spec)
        self.session = session
        self.shows(np.zeros((*self.size, 3), np.uint8))  # what fails here would fail in mid-run
        start = time.perf_counter()
        self.shows(np.zeros((*self.size, 3), np.uint8))
        self.time_ms = 1e3 * (time.perf_counter() - start)
        """What one image takes."""

    def run(self, image: np.ndarray) -> Sequence[np.ndarray]:
        """Run the file once; see OnnxNetwork."""
        return [np.asarray(self.session.run(self.output_names, {self.input.name: image})[0])]

    def shows(self, rgb: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> (h, w) bool of the output's size: where the image shows one of the classes"""
        output = self.infer(to_input(rgb, self.size, self.spec))[0]
        return is_one_of(output, self.options.classes, self.spec, self.name)


def is_one_of(output: np.ndarray, classes: Sequence[int], spec: NetworkSpec, name: str) -> np.ndarray:
    """A segmentation network's output -> (h, w) bool. Raises NetworkError where it is none."""
    values = output[0] if output.ndim == 4 or (output.ndim == 3 and len(output) == 1) else output
    axis = 0 if spec.layout == "nchw" else 2
    if values.ndim == 3 and values.shape[axis] == 1:
        values = values.squeeze(axis)
    if values.ndim == 2 and min(values.shape) > 1:
        return np.isin(values, classes) if values.dtype.kind in "iu" else values > MIN_SHARE
    if values.ndim != 3:
        raise NetworkError(f"{name} predicts an array of shape {output.shape}, not a class map (h, w) or logits "
                           f"(classes, h, w)")
    last = values.shape[axis] - 1
    if max(classes) > last:
        raise NetworkError(f"{name} has the classes 0 to {last}, none of them number {max(classes)}: give one of "
                           f"these, as in {name}:{min(PERSON, last)}, or as `classes:` in a .yaml next to it")
    return np.isin(values.argmax(axis), classes)


def _options(values: dict[str, Any], classes: Sequence[int], path: str | Path) -> SegmentationOptions:
    """Takes what is not about images out of `values`."""
    found, every = values.pop("classes", PERSON), values.pop("every", None)
    found = classes or (found if isinstance(found, list) else [found])
    if not found or not all(type(number) is int and number >= 0 for number in found):
        raise NetworkError(f"{path}: classes must be whole numbers, as in `classes: [11, 12]`, not {found!r}")
    if every is not None and not (type(every) is int and every > 0):
        raise NetworkError(f"{path}: every must be a number of frames, not {every!r}")
    return SegmentationOptions(tuple(found), every)
