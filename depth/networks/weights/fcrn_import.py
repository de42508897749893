"""Weights of Laina's release (fcrn_release.py) from the files that its authors offer."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from calib.base.errors import NetworkError
from depth.networks.fcrn_release import FcrnRelease
from depth.networks.weights.array_pickle import read_array_pickle
from depth.networks.weights.checkpoint import fill, refuse_misfits
from depth.networks.weights.matconvnet import read_matconvnet
from depth.networks.weights.tensor_bundle import read_bundle

STAGES = {2: "abc", 3: "abcd", 4: "abcdef", 5: "abc"}
"""Blocks of the release's stages res2 to res5."""
SCALES = ("2x", "4x", "8x", "16x")
LETTER_OF: dict[tuple[int, ...], str] = {(3, 3): "A", (2, 3): "B", (3, 2): "C", (2, 2): "D"}
"""Kernel (rows, columns) of an up-convolution's part -> its letter in fcrn_release.py, whatever the file calls it."""
NORM_PARTS = {"scale": "weight", "offset": "bias", "mean": "running_mean", "variance": "running_var"}


def import_fcrn(path: str | Path) -> FcrnRelease:
    """An FcrnRelease in eval mode from a file of the release. Raises NetworkError.

    The file is a .npy, a TensorFlow checkpoint (`NAME.ckpt` or `NAME.ckpt.index`) or a MatConvNet .mat.
    """
    tensors = release_tensors(read_layers(Path(path)), path)
    network = FcrnRelease()
    fill(network, tensors, path)
    return network.eval()


def read_layers(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Path -> {layer: {part: array}}; parts are weights (rows, columns, in, out), biases, and those of NORM_PARTS."""
    if path.suffix == ".npy":
        return read_array_pickle(path)
    if path.suffix == ".mat":
        return read_matconvnet(path)
    layers = {}
    for name, array in read_bundle(path).items():
        layer, slash, part = name.partition("/")
        if slash:  # the others are the indices that the release interleaves with
            layers.setdefault(layer, {})[part] = array
    return layers


def release_tensors(layers: Mapping[str, Mapping[str, np.ndarray]], source: str | Path) -> dict[str, Tensor]:
    """{layer: {part: array}} -> {name in FcrnRelease: tensor}. Raises NetworkError naming what is missing or surplus.

    A bias before batch normalisation is taken off its mean, which makes the same function of fewer parameters.
    """
    arrays = {f"{layer}/{part}": np.asarray(array, np.float32)
              for layer, parts in by_kernel(layers, source).items() for part, array in parts.items()}
    for conv, norm in _normalised().values():
        bias = arrays.pop(f"{conv}/biases", None)
        if bias is not None and f"{norm}/mean" in arrays:
            arrays[f"{norm}/mean"] = arrays[f"{norm}/mean"] - bias
    names = release_names()
    wanted = {key for keys in names.values() for key in keys}
    refuse_misfits(source, [key for key in sorted(wanted) if key not in arrays],
                   [key for key in arrays if key not in wanted])
    return {ours: torch.from_numpy(_joined({key: _in_torch_order(arrays[key]) for key in keys}, source))
            for ours, keys in names.items()}


def by_kernel(layers: Mapping[str, Mapping[str, np.ndarray]], source: str | Path
              ) -> dict[str, Mapping[str, np.ndarray]]:
    """The same layers with the four parts of each up-convolution named by their kernels.

    The authors' MATLAB code calls 3x2 B and 2x3 C, their TensorFlow code the other way round. Raises NetworkError where
    the kernels of a branch are no set of four; where parts are missing, `release_tensors` says so.
    """
    renamed = dict(layers)
    for branch in _branches():
        parts = [layers[name] for name in (f"{branch}_Conv{letter}" for letter in "ABCD") if name in layers]
        if len(parts) < len(LETTER_OF) or not all("weights" in part for part in parts):
            continue
        kernels = [np.shape(part["weights"])[:2] for part in parts]
        if sorted(kernels) != sorted(LETTER_OF):
            sizes = ", ".join("x".join(map(str, kernel)) for kernel in kernels)
            raise NetworkError(f"the weights in {source} do not fit the network; the parts of {branch} are {sizes} and "
                               f"not 3x3, 2x3, 3x2, 2x2")
        renamed |= {f"{branch}_Conv{LETTER_OF[kernel]}": part for kernel, part in zip(kernels, parts)}
    return renamed


def release_names() -> dict[str, list[str]]:
    """{name in FcrnRelease: `layer/part` of the release, or two of them to put one behind the other}"""
    names = {"decoder.predict.weight": ["ConvPred/weights"], "decoder.predict.bias": ["ConvPred/biases"]}
    for (our_conv, our_norm), (conv, norm) in _normalised().items():
        names[f"{our_conv}.weight"] = [f"{conv}/weights"]
        names.update({f"{our_norm}.{ours}": [f"{norm}/{part}"] for part, ours in NORM_PARTS.items()})
    for k, scale in enumerate(SCALES):
        ours, branches = f"decoder.doublings.{k}", (f"layer{scale}_br1", f"layer{scale}_br2")
        for letter in "ABCD":
            names[f"{ours}.up.{letter}.weight"] = [f"{branch}_Conv{letter}/weights" for branch in branches]
            names[f"{ours}.up.{letter}.bias"] = [f"{branch}_Conv{letter}/biases" for branch in branches]
        for part, our_part in NORM_PARTS.items():
            names[f"{ours}.up_norm.{our_part}"] = [f"{branch}_BN/{part}" for branch in branches]
    return names


def _branches():
    """The up-convolutions, by the release's names."""
    return [f"layer{scale}_br{number}" for scale in SCALES for number in (1, 2)]


def _normalised():
    """{(our convolution, our batch normalisation): (the release's two layers)}, but for the up-convolutions."""
    pairs = {("encoder.conv1", "encoder.bn1"): ("conv1", "bn_conv1"),
             ("decoder.reduce", "decoder.reduce_norm"): ("layer1", "layer1_BN")}
    for stage, letters in STAGES.items():
        for k, letter in enumerate(letters):
            ours, theirs = f"encoder.layer{stage - 1}.{k}", f"{stage}{letter}_branch"
            if k == 0:
                pairs[f"{ours}.downsample.0", f"{ours}.downsample.1"] = (f"res{theirs}1", f"bn{theirs}1")
            for number, part in enumerate("abc", start=1):
                pairs[f"{ours}.conv{number}", f"{ours}.bn{number}"] = (f"res{theirs}2{part}", f"bn{theirs}2{part}")
    for k, scale in enumerate(SCALES):
        ours = f"decoder.doublings.{k}.conv"
        pairs[ours, f"{ours}_norm"] = (f"layer{scale}_Conv", f"layer{scale}_BN")
    return pairs


def _joined(parts, source):
    """{`layer/part`: array} of both branches, or of one layer -> one behind the other."""
    if len({part.shape[1:] for part in parts.values()}) > 1:
        shapes = " and ".join(f"{key} is {'x'.join(map(str, part.shape))}" for key, part in parts.items())
        raise NetworkError(f"the weights in {source} do not fit the network; {shapes}, which do not go together")
    return np.concatenate(list(parts.values()))


def _in_torch_order(array):
    """(rows, columns, in, out) -> (out, in, rows, columns); vectors stay."""
    return np.ascontiguousarray(array.transpose(3, 2, 0, 1)) if array.ndim == 4 else array
