"""ONNX files that might never come to an end: their operator Loop goes on until the file itself says so."""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from calib.base.errors import NetworkError
from depth.onnx_files.model import load_onnx, read_model

if TYPE_CHECKING:
    import onnx

LOOP = b'"\x04Loop'
"""A node's operator as protobuf writes it: field 4, four bytes."""
MAX_ROUNDS = 10_000
"""Of a loop, all rounds of those around it counted. Networks that predict depth have none at all."""


def refuse_endless(path: Path) -> None:
    """Raise NetworkError where a loop has no fixed number of rounds, or too large a one. Files without any loop cost
    one search of their bytes."""
    if not _has_loop(path):
        return
    model = read_model(path, "reading a network with loops")
    onnx = load_onnx("reading a network with loops")
    for graph in (model.graph, *model.functions):
        for rounds in _rounds(graph, {}, onnx):
            if not 0 <= rounds <= MAX_ROUNDS:
                raise NetworkError(f"{path} holds a loop that may never end (Loop; up to {MAX_ROUNDS} rounds, known in "
                                   f"advance, are run): export the network without it")


def _has_loop(path):
    if not path.stat().st_size:
        return False
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(LOOP) >= 0


def _rounds(graph: "onnx.GraphProto | onnx.FunctionProto", around: dict, onnx, times: int = 1) -> Iterator[int]:
    """Rounds of every loop in a graph; MAX_ROUNDS + 1 where that is not known."""
    known = around | {tensor.name: tensor for tensor in getattr(graph, "initializer", ())}
    known |= {node.output[0]: attribute.t for node in graph.node if node.op_type == "Constant"
              for attribute in node.attribute if attribute.name == "value"}
    for node in graph.node:
        inner = times
        if node.op_type == "Loop":
            inner *= _count(known.get(node.input[0]) if node.input else None, onnx)
            yield inner
        for attribute in node.attribute:
            for body in ([attribute.g] if attribute.HasField("g") else attribute.graphs):
                yield from _rounds(body, known, onnx, inner)


def _count(tensor, onnx):
    """The number in a constant; MAX_ROUNDS + 1 without one."""
    try:
        return int(onnx.numpy_helper.to_array(tensor).item())
    except Exception:  # None, several numbers, and whatever damage makes of a tensor
        return MAX_ROUNDS + 1
