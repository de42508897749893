"""What a model's own configuration says of its input and its output."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from calib.base.errors import NetworkError
from depth.hub.model_files import CONFIGURATION, PREPROCESSING, ModelFiles
from depth.runtimes.network_spec import NetworkSpec

TYPICAL_SIDE_PX = 82
"""A third of the height of inputs whose size the model leaves open, which are 4:3: about as many pixels as SLAM has."""
UNUSABLE = (TypeError, ValueError, KeyError, AttributeError, ZeroDivisionError, OverflowError)
"""What values raise that are not of the kind, or the size, that they should be."""
STANDARD = (0.5, 0.5, 0.5)
"""Mean and standard deviation where a preprocessing that normalises does not say them."""


class Description(NamedTuple):
    """Input and output of a model."""

    spec: NetworkSpec
    """Without what depends on the input's size."""
    size: tuple[int, int]
    """Height and width of the input for images of usual shape."""
    multiple: int | None
    """Number that divides the sides of other inputs; None: there are none."""
    focal_share: float | None
    """Focal length of the camera it was trained with, in widths of its input."""

    def spec_at(self, size: tuple[int, int]) -> NetworkSpec:
        """The spec of the network at one size of input."""
        if self.focal_share is None:
            return self.spec
        return replace(self.spec, focal_px=(self.focal_share * size[1],) * 2)


class Kind(NamedTuple):
    """What one model type of transformers has in common."""

    output: Callable[[Mapping[str, Any]], str]
    """Its configuration -> `output` of NetworkSpec."""
    multiple: Callable[[Mapping[str, Any]], int | None]
    """Its configuration -> multiple of the input's sides, None for squares of one size."""


def describe(model: ModelFiles) -> Description:
    """Raises NetworkError where it is no depth model, or one of a kind that is not known here."""
    config, preprocessing = model.json(CONFIGURATION), model.json(PREPROCESSING)
    kind = KINDS.get(str(config.get("model_type")))
    if kind is None:
        raise NetworkError(f"{model.name} is a model of type {config.get('model_type')}; depth models are of types "
                           f"{', '.join(KINDS)}; others can be exported to ONNX (docs/depth_networks.md)")
    try:
        spec = replace(_preprocessed(preprocessing), output=kind.output(config))
    except NetworkError as error:
        raise NetworkError(f"{model.name}: its {PREPROCESSING} makes no sense: {error}") from error
    except UNUSABLE as error:
        raise _nonsense(model, error) from error
    try:
        multiple = kind.multiple(config)
        size = _open_size(multiple) if multiple else _square(config)
    except UNUSABLE as error:
        raise _nonsense(model, error) from error
    if config["model_type"] == "depth_pro":
        # Its output times the width over the focal length, both in pixels of the image, is inverse depth.
        return Description(replace(spec, focal_axes="x"), size, None, 1.0)
    return Description(spec, size, multiple, model.known.focal_share if model.known else None)


def _nonsense(model, error):
    return NetworkError(f"{model.name}: its configuration makes no sense here ({type(error).__name__}: {error})")


def _preprocessed(facts):
    """JSON of an image processor -> NetworkSpec"""
    factor = float(facts.get("rescale_factor") or 1 / 255) if facts.get("do_rescale", True) else 1.0
    normalises = facts.get("do_normalize", "image_mean" in facts)
    mean, std = (tuple(map(float, facts.get(name) or STANDARD)) for name in ("image_mean", "image_std"))
    spec = NetworkSpec(range=255 * factor)
    return replace(spec, mean=mean, std=std) if normalises else spec


def _open_size(multiple):
    count = max(1, round(TYPICAL_SIDE_PX / multiple))
    return 3 * count * multiple, 4 * count * multiple


def _square(config):
    """Size of the one square that some models take."""
    if config["model_type"] == "depth_pro":
        side = round(config.get("patch_size", 384) / min(config.get("scaled_images_ratios", (0.25, 0.5, 1))))
    else:
        side = (config.get("backbone_config") or {}).get("image_size") or config.get("image_size") or 384
    sides = side if isinstance(side, (list, tuple)) else (side, side)
    return int(sides[0]), int(sides[1])


def _patch(config):
    side = config.get("patch_size") or (config.get("backbone_config") or {}).get("patch_size") or 14
    return math.lcm(*side) if isinstance(side, (list, tuple)) else int(side)


def _has_dinov2(config):
    return str((config.get("backbone_config") or {}).get("model_type", "")).startswith("dinov2")


def _metric_or(other):
    return lambda config: "depth" if config.get("depth_estimation_type") == "metric" else other


KINDS = {
    "depth_anything": Kind(_metric_or("relative_inverse_depth"), _patch),
    # Without the measured depth that it is made for, it predicts depth between the nearest and the farthest.
    "prompt_depth_anything": Kind(lambda config: "relative_depth", _patch),
    # With DINOv2 below, it was trained on metres of NYU or KITTI; all others are MiDaS.
    "dpt": Kind(lambda config: "depth" if _has_dinov2(config) else "relative_inverse_depth",
                lambda config: _patch(config) if _has_dinov2(config) else None),
    "glpn": Kind(lambda config: "depth", lambda config: 32),
    "zoedepth": Kind(lambda config: "depth", lambda config: 32),
    "depth_pro": Kind(lambda config: "inverse_depth", lambda config: None),
}
"""By `model_type` of a configuration."""
