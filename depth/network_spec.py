"""How a network file wants its images and what its numbers mean.

Read from `FILE.yaml` beside `FILE.onnx`, from options given by hand, or, for what neither says, from the names of the
file's tensors (`rgb_imagenet_norm`, `depth_cm`).
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import yaml

from calib.errors import NetworkError

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
OUTPUT_KINDS = ("depth", "inverse_depth", "log_depth")


@dataclass(frozen=True)
class NetworkSpec:
    layout: str = "nchw"
    """`nchw` or `nhwc`."""
    channels: str = "rgb"
    """`rgb` or `bgr`."""
    range: float = 1.0
    """Pixel values run from 0 to this before mean and std: 1 or 255."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Subtracted per channel."""
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Divided by per channel."""
    output: str = "depth"
    """`depth`, `inverse_depth` (1/depth) or `log_depth` (natural logarithm)."""
    scale: float = 1.0
    """Metres per unit of the depth that the output stands for: 0.01 for a network that predicts centimetres."""
    focal_px: tuple[float, float] | None = None
    """fx, fy of the training camera at the network's input size; depth is then corrected for other cameras."""
    size: tuple[int, int] | None = None
    """(height, width) of the input, for files that leave it open."""

    def __post_init__(self):
        choices = {"layout": ("nchw", "nhwc"), "channels": ("rgb", "bgr"), "output": OUTPUT_KINDS}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise NetworkError(f"network option {name}={getattr(self, name)}: choose one of {', '.join(allowed)}")
        if self.scale <= 0 or self.range <= 0 or min(self.std) <= 0:
            raise NetworkError("network options scale, range and std must be positive")


LENGTHS = {"mean": 3, "std": 3, "focal_px": 2, "size": 2}


def read_spec(network_file, options, input_name, output_name):
    """Path, options ({name: text}) and tensor names -> NetworkSpec. Raises NetworkError that names the wrong field."""
    values = _guess(input_name, output_name)
    spec_file = Path(network_file).with_suffix(".yaml")
    if spec_file.is_file():
        values.update(_parse(_load(spec_file), spec_file))
    values.update(_parse({name: _from_text(text) for name, text in options.items()}, "--depth-option"))
    return replace(NetworkSpec(), **values)


def _guess(input_name, output_name):
    guess = {}
    if "imagenet" in input_name.lower():
        guess.update(mean=IMAGENET_MEAN, std=IMAGENET_STD)
    for suffix, scale in (("_cm", 0.01), ("_mm", 0.001)):
        if output_name.lower().endswith(suffix):
            guess["scale"] = scale
    for kind, words in (("inverse_depth", ("inverse", "disparity")), ("log_depth", ("log",))):
        if any(word in output_name.lower() for word in words):
            guess["output"] = kind
    return guess


def _load(path):
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise NetworkError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise NetworkError(f"{path} has no `name: value` lines")
    return values


def _from_text(text):
    """`0.5` -> 0.5, `1,2,3` -> [1, 2, 3], `nhwc` -> `nhwc`."""
    values = [yaml.safe_load(part) for part in text.split(",")]
    return values if len(values) > 1 else values[0]


def _parse(values, source):
    known = {field.name for field in fields(NetworkSpec)}
    parsed = {}
    for name, value in values.items():
        if name not in known:
            raise NetworkError(f"{source}: unknown network option {name}; known are {', '.join(sorted(known))}")
        try:
            if name in LENGTHS:
                kind = int if name == "size" else float
                value = tuple(kind(v) for v in (value if isinstance(value, (list, tuple)) else [value] * LENGTHS[name]))
                if len(value) != LENGTHS[name]:
                    raise ValueError
            elif name in ("range", "scale"):
                value = float(value)
        except (TypeError, ValueError):
            raise NetworkError(f"{source}: network option {name} cannot be {value!r}") from None
        parsed[name] = value
    return parsed
