"""Weights of a registered network whose batch normalisation is folded into its convolutions, and back.

An ONNX file that depth.onnx_files.export wrote holds `CONV.weight` and `CONV.weight_bias`, where the module has
`CONV.weight` and the batch normalisation that follows. Which one follows is in the names of our default network.
"""

from collections.abc import Mapping

import numpy as np

EPSILON = {"_bn": 1e-3, "": 1e-5}
FOLLOWS = {"_conv_stem": "_bn0", "_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2", "0": "1"}
"""Last part of the name of a convolution in `mobile` -> that of the batch normalisation that follows."""
SUFFIX = "_bias"
"""Ending of the name of the bias that the exporter makes of a batch normalisation."""


def folded(tensors: Mapping[str, np.ndarray], names: list[str]) -> dict[str, np.ndarray]:
    """State of a module, {name: array}, and names of an exported file's weights -> those weights.

    Raises KeyError where the module has not got them.
    """
    weights = {}
    for name in sorted(names, reverse=True):  # CONV.weight_bias before CONV.weight
        if name.endswith(f".weight{SUFFIX}"):
            conv = name.removesuffix(SUFFIX)
            norm = _norm_after(conv)
            factor = tensors[f"{norm}.weight"] / np.sqrt(tensors[f"{norm}.running_var"] + np.float32(_epsilon(norm)))
            weights[conv] = tensors[conv] * factor[:, None, None, None]
            weights[name] = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * factor
        else:
            weights.setdefault(name, tensors[name])
    return {name: np.ascontiguousarray(weights[name], np.float32) for name in names}


def unfolded(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights of an exported file, {name: array} -> state of the module, whose batch normalisation adds a bias only."""
    tensors = {}
    for name, array in weights.items():
        if not name.endswith(f".weight{SUFFIX}"):
            tensors[name] = array
            continue
        norm, ones = _norm_after(name.removesuffix(SUFFIX)), np.ones(len(array), np.float32)
        tensors |= {f"{norm}.weight": ones, f"{norm}.bias": array, f"{norm}.running_mean": 0 * ones,
                    f"{norm}.running_var": ones - np.float32(_epsilon(norm)),
                    f"{norm}.num_batches_tracked": np.array(0)}
    return tensors


def _norm_after(conv_weight):
    """`doublings.0.deep.0.weight` -> `doublings.0.deep.1`. Raises KeyError."""
    *parents, own, _ = conv_weight.split(".")
    return ".".join([*parents, FOLLOWS[own]])


def _epsilon(norm):
    return EPSILON["_bn" if norm.rpartition(".")[2].startswith("_bn") else ""]
