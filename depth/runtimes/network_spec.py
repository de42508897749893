"""The preprocessing that a network file needs, and the meaning of its outputs.

Read from `FILE.yaml` next to `FILE.onnx`, from options given by hand, or, for what neither says, from the names of the
file's tensors (`rgb_imagenet_norm`, `depth_cm`).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from calib.base.errors import NetworkError, SourceError
from calib.files.bounded_file import bytes_of
from calib.files.yaml_text import yaml_of
from depth.networks.registry import Network

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MAX_BYTES = 1 << 20
"""Of the file of options."""
CHOICES = {"layout": ("nchw", "nhwc"), "channels": ("rgb", "bgr"),
           "output": ("depth", "inverse_depth", "log_depth", "relative_depth", "relative_inverse_depth"),
           "focal_axes": ("xy", "x"), "error": ("none", "log_error")}
LENGTHS = {"mean": 3, "std": 3, "focal_px": 2, "size": 2}
"""Numbers per option; a single one stands for all of them."""
WHOLE = ("size", "multiple")
"""Options of whole numbers."""


@dataclass(frozen=True)
class NetworkSpec:
    """Preprocessing and meaning of the outputs of a network."""

    layout: str = "nchw"
    """Order of the input's axes: `nchw` or `nhwc`."""
    channels: str = "rgb"
    """Order of the colour channels: `rgb` or `bgr`."""
    range: float = 1.0
    """Pixel values run from 0 to this before mean and std: 1 or 255."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Number subtracted from each channel."""
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Number by which each channel is divided after that."""
    output: str = "depth"
    """Kind of the first output: `depth`, `inverse_depth` (1/depth) or `log_depth` (natural logarithm); or
    `relative_depth` or `relative_inverse_depth`, which is depth or its inverse up to a factor and a summand of each
    image (Ranftl 2020, MiDaS)."""
    error: str = "none"
    """Kind of the second output: `log_error`, the natural logarithm of the expected absolute relative error of depth,
    or `none`, which leaves it unread."""
    scale: float = 1.0
    """Metres per unit of the depth that the output stands for: 0.01 for a network that predicts centimetres."""
    focal_px: tuple[float, float] | None = None
    """Focal lengths (fx, fy) of the training camera at the input size; depth is then corrected for other cameras."""
    size: tuple[int, int] | None = None
    """Size (height, width) of the input, for files that leave it open."""
    multiple: int | None = None
    """Number that divides the input's sides, for files that leave them open and predict as well for images of another
    shape than `size`, which then get an input of their own shape. None: every image gets `size`."""
    focal_axes: str = "xy"
    """Whose ratio to focal_px the correction is: the mean of both axes' (`xy`) or that of the focal length along rows
    (`x`)."""

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise NetworkError(f"network option {name}={getattr(self, name)}: choose one of {', '.join(allowed)}")
        for name, count in LENGTHS.items():
            values = getattr(self, name)
            if values is not None and not (len(values) == count and all(map(math.isfinite, values))):
                raise NetworkError(f"network option {name} must be {count} numbers, not {', '.join(map(str, values))}")
        positive = {"range": (self.range,), "std": self.std, "scale": (self.scale,), "focal_px": self.focal_px or (),
                    "size": self.size or (), "multiple": () if self.multiple is None else (self.multiple,)}
        for name, values in positive.items():
            if not all(0 < value < math.inf for value in values):
                raise NetworkError(f"network option {name} must be positive, not {', '.join(map(str, values))}")
        if self.multiple and self.size and any(side % self.multiple for side in self.size):
            raise NetworkError(f"network option size={self.size[0]},{self.size[1]}: this network takes images whose "
                               f"sides are multiples of {self.multiple}")

    @property
    def predicts_error(self) -> bool:
        """Whether the second output is an error map."""
        return self.error != "none"

    @property
    def is_relative(self) -> bool:
        """Whether the output is depth only up to a factor and a summand of each image."""
        return self.output.startswith("relative")


def read_spec(network_file: str | Path, options: Mapping[str, str], input_name: str,
              output_names: Sequence[str], stored: str = "") -> NetworkSpec:
    """Path, options ({name: text}) and tensor names -> NetworkSpec. Raises NetworkError that names the wrong field.

    `stored`: YAML as that of spec_text, where the file itself holds it.
    """
    values = _guess(input_name, *output_names[:2])
    values.update(_parsed(_table(stored, network_file), network_file) if stored else {})
    values.update(_parsed(options_beside(network_file), _beside(network_file)))
    texts = {name: text.split(",") if "," in text else text for name, text in options.items()}
    values.update(_parsed(texts, "--depth-option"))
    return replace(NetworkSpec(), **values)


def options_beside(network_file: str | Path) -> dict[str, Any]:
    """{option: value} of FILE.yaml next to the network FILE; empty where there is none. Raises NetworkError."""
    path = _beside(network_file)
    return _load(path) if path.is_file() else {}


def spec_for_images(network_file: str | Path, values: Mapping[str, Any], input_name: str) -> NetworkSpec:
    """Options of a network that predicts something other than depth -> how it wants its images. Raises NetworkError."""
    guess = {name: value for name, value in _guess(input_name).items() if name in ("mean", "std")}
    return replace(NetworkSpec(), **guess, **_parsed(values, _beside(network_file)))


def stored_spec(path: str | Path, options: Mapping[str, str], entry: Network, facts: Mapping[str, Any]) -> NetworkSpec:
    """The spec of weights of a registered network, from the text `spec` among the {key: text} in their file.

    What neither says is as the registry has it. Raises NetworkError.
    """
    spec = read_spec(path, options, "", entry.output_names, str(facts.get("spec", "")))
    return replace(spec, size=spec.size or entry.input_size, multiple=spec.multiple or entry.multiple)


def spec_text(spec: NetworkSpec) -> str:
    """NetworkSpec -> YAML that read_spec understands: what the outputs are, and all that is not the default."""
    values = {field.name: getattr(spec, field.name) for field in fields(spec)
              if field.name in ("output", "error") or getattr(spec, field.name) != field.default}
    return yaml.safe_dump({name: list(value) if isinstance(value, tuple) else value for name, value in values.items()},
                          sort_keys=False)


def _guess(input_name, output_name="", second_name=""):
    words = _words(output_name)
    guess = {}
    if "imagenet" in input_name.lower():
        guess.update(mean=IMAGENET_MEAN, std=IMAGENET_STD)
    for unit, scale in (("cm", 0.01), ("mm", 0.001)):
        if unit in words:
            guess["scale"] = scale
    for kind, names in (("inverse_depth", ("inverse", "inv", "disparity", "disp")), ("log_depth", ("log",))):
        if any(name in words for name in names):
            guess["output"] = kind
    if {"log", "error"} <= _words(second_name):
        guess["error"] = "log_error"
    return guess


def _words(name):
    return set(re.findall("[a-z]+", name.lower()))


def _beside(network_file):
    return Path(network_file).with_suffix(".yaml")


def _load(path):
    try:
        return _table(bytes_of(path, MAX_BYTES, "options of a network").decode(), path)
    except SourceError as error:
        raise NetworkError(str(error)) from error
    except OSError as error:
        raise NetworkError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # bytes that are no text
        raise NetworkError(f"{path} is not YAML: {' '.join(str(error).split())}") from error


def _table(text, path):
    try:
        values = yaml_of(text)
    except ValueError as error:
        raise NetworkError(f"{path} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise NetworkError(f"{path} has no `name: value` lines")
    return values


def _parsed(values, source):
    """Options as text or as YAML has them -> fields of a NetworkSpec."""
    known = sorted(field.name for field in fields(NetworkSpec))
    parsed = {}
    for name, value in values.items():
        if name not in known:
            raise NetworkError(f"{source}: unknown network option {name}; known are {', '.join(known)}")
        try:
            parsed[name] = value.strip() if isinstance(value, str) and name in CHOICES else _numbers(name, value)
        except (TypeError, ValueError, OverflowError):
            raise NetworkError(f"{source}: network option {name} cannot be {value!r}") from None
    return parsed


def _numbers(name, value):
    """The number, or the tuple of numbers, that an option consists of. Raises ValueError, TypeError, OverflowError."""
    if name not in LENGTHS:
        return _number(name, value)
    values = value if isinstance(value, (list, tuple)) else [value] * LENGTHS[name]
    if len(values) != LENGTHS[name]:
        raise ValueError
    return tuple(_number(name, each) for each in values)


def _number(name, value):
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number) or (name in WHOLE and number % 1):
        raise ValueError
    return int(number) if name in WHOLE else number
