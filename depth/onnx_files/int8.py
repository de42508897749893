"""A float32 ONNX network as one that computes in 8 bits, by ONNX Runtime's static quantisation.

Weights get a scale per output channel, activations one per tensor, from the extremes seen on calibration images
(Jacob 2018, section 2; Krishnamoorthi 2018, section 3.1). Weights use seven of their eight bits: then two products add
up in 16 bits, as on CPUs without 8-bit dot products (VNNI), and never overflow. In float32 stay the steps before the
first convolution, the first few convolutions (most of our network's loss came from there, and little of its time), the
last one, whose rounding would be that of depth itself, and every operator that is not listed here.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from calib.base.errors import MonofuseError, NetworkError, one_line
from depth.onnx_files.half import HEAVY
from depth.onnx_files.model import Declared, load_onnx, quiet, read_model

QUANTISED = [*sorted(HEAVY), "Relu", "Clip", "Add", "Concat", "Resize", "MaxPool", "AveragePool", "Pad"]
OPTIONS = {"MatMulConstBOnly": True}
"""Options of ONNX Runtime: products of two activations, as in attention, stay in float32."""
FIRST, FIRST_SHARE = 4, 8
"""Heavy layers that stay in float32 at the beginning: FIRST, but no more than one in FIRST_SHARE of all."""
LAST_SHARE = 6
"""Heavy layers that stay in float32 at the end: one, and in a second form one in LAST_SHARE of all, for decoders in
which features of small and of large range meet late in one tensor."""


class TakesImages(Protocol):
    """A network with one input, such as an OnnxDepth."""

    input: Declared


def int8_forms(network: TakesImages, path: str | Path, images: Iterable[np.ndarray],
               folder: Path) -> Iterator[tuple[Path, int, int]]:
    """Yields (path of an .onnx file, its layers in int8, layers in all), the faster form first.

    `network`: the OnnxDepth of the file at `path`. `images`: an iterable of what it takes, (1, 3, h, w) or (1, h, w, 3)
    float32, read once. `folder`: where the files go. Raises MissingPackageError, NetworkError.
    """
    load_onnx("int8")
    with _own_errors(path):
        nodes = _prepare(path, folder / "prepared.onnx")
    heavy = [k for k, node in enumerate(nodes) if node.op_type in HEAVY]
    begin = heavy[min(FIRST, len(heavy) // FIRST_SHARE)] if heavy else 0
    for last in sorted({1, max(len(heavy) // LAST_SHARE, 1)}):
        end = heavy[-last] if heavy else 0
        layers = sum(begin <= k < end for k in heavy)
        if layers == 0:
            raise NetworkError(f"{path} has too few layers for int8: the first and the last stay in float")
        form = folder / f"int8-{last}.onnx"
        with _own_errors(path):
            _quantise(folder / "prepared.onnx", form, _Reader(network.input.name, images),
                      [node.name for node in (*nodes[:begin], *nodes[end:])])
        yield form, layers, len(heavy)


@contextmanager
def _own_errors(path):
    """Whatever onnx and ONNX Runtime raise -> NetworkError."""
    try:
        yield
    except MonofuseError:
        raise
    except Exception as error:  # they have their own types
        raise NetworkError(f"{path} has no int8 form: {one_line(error)}") from error


def _prepare(path, prepared):
    """Write the file as quantisation wants it, and return its nodes, all of which have a name.

    ONNX Runtime's basic optimisation makes float32 constants of half-precision ones, and merges normalisation into
    convolutions.
    """
    import onnx
    import onnxruntime
    if any(node.op_type == "QuantizeLinear" for node in read_model(path, "int8").graph.node):
        raise NetworkError(f"{path} is an int8 network already")
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    settings.optimized_model_filepath, settings.log_severity_level = str(prepared), 4
    onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    model = onnx.load(str(prepared))
    for k, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{k}"
    domains = {node.domain for node in model.graph.node}
    for version in [version for version in model.opset_import if version.domain not in domains]:
        model.opset_import.remove(version)  # ONNX Runtime lists all that it knows, and others do not know them
    onnx.save(model, str(prepared))
    return list(model.graph.node)


def _quantise(prepared, form, reader, in_float):
    """Write the int8 form; the ranges of activations are the same for all forms, and kept next to them."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    with quiet(None):
        quantize_static(str(prepared), str(form), reader, quant_format=QuantFormat.QDQ,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True,
                        reduce_range=True, nodes_to_exclude=in_float, op_types_to_quantize=QUANTISED,
                        extra_options=OPTIONS, calibration_cache_path=prepared.with_name("ranges.json"))


class _Reader:
    """A CalibrationDataReader of ONNX Runtime."""

    def __init__(self, name, images):
        self.batches = ({name: image} for image in images)

    def get_next(self):
        return next(self.batches, None)
