"""Minimal ONNX files written by hand, so that tests need no `onnx` package.

Protocol buffers are fields, each (number << 3 | wire type) followed by a varint (type 0) or by a length and bytes
(type 2). The numbers are those of onnx.proto; opset 13.
"""

import numpy as np

FLOAT, INT64, FLOAT16, UINT8 = 1, 7, 10, 2
ELEMENT_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64, np.dtype(np.float16): FLOAT16}


def onnx_file(path, inputs, outputs, nodes, constants=None, element_type=FLOAT):
    """Write a model. `inputs`, `outputs`: {name: shape of ints and symbols}; `nodes`: (operator, inputs, outputs,
    {attribute: int or list of ints}) in order; `constants`: {name: array}. Returns the path."""
    graph = b"".join(_bytes(1, _node(*node)) for node in nodes) + _bytes(2, b"test")
    graph += b"".join(_bytes(5, _tensor(name, np.asarray(array))) for name, array in (constants or {}).items())
    for field, values in ((11, inputs), (12, outputs)):
        graph += b"".join(_bytes(field, _value(name, shape, element_type)) for name, shape in values.items())
    path.write_bytes(_varint(1, 8) + _bytes(7, graph) + _bytes(8, _varint(2, 13)))
    return path


def two_outputs(path, size, second_size=None, names=("log_depth", "log_error")):
    """Write a network whose first output is the mean of the channels; the second is its negative, or ones of another
    size. Returns the path."""
    second_size = second_size or size
    second = ("Neg", ["mean"], [names[1]], {}) if second_size == size else ("Identity", ["ones"], [names[1]], {})
    nodes = [("ReduceMean", ["rgb"], ["mean"], {"axes": [1], "keepdims": 1}),
             ("Identity", ["mean"], [names[0]], {}), second]
    return onnx_file(path, {"rgb": (1, 3, *size)}, {names[0]: (1, 1, *size), names[1]: (1, 1, *second_size)}, nodes,
                     {"ones": np.ones((1, 1, *second_size), np.float32)})


def _node(operator, inputs, outputs, attributes):
    names = b"".join(_bytes(field, name.encode()) for field, group in ((1, inputs), (2, outputs)) for name in group)
    return names + _bytes(4, operator.encode()) + b"".join(_bytes(5, _attribute(*item)) for item in attributes.items())


def _attribute(name, value):
    if isinstance(value, int):
        return _bytes(1, name.encode()) + _varint(3, value) + _varint(20, 2)
    return _bytes(1, name.encode()) + b"".join(_varint(8, number) for number in value) + _varint(20, 7)


def _tensor(name, array):
    dims = b"".join(_varint(1, size) for size in array.shape)
    return dims + _varint(2, ELEMENT_TYPES[array.dtype]) + _bytes(8, name.encode()) + _bytes(9, array.tobytes())


def _value(name, shape, element_type):
    sizes = (_varint(1, size) if isinstance(size, int) else _bytes(2, size.encode()) for size in shape)
    dims = b"".join(_bytes(1, size) for size in sizes)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _varint(1, element_type) + _bytes(2, dims)))


def _bytes(field, data):
    return _number(field << 3 | 2) + _number(len(data)) + data


def _varint(field, value):
    return _number(field << 3) + _number(value)


def _number(value):
    groups = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])


def bright_is_near(folder):
    """Options of run_slam for a network that finds bright red things near, written to `folder`."""
    network = onnx_file(
        folder / "bright_is_near.onnx", {"image": (1, 3, "h", "w")}, {"depth": (1, 1, "h", "w")},
        [("Slice", ["image", "from", "to", "axis"], ["red"], {}), ("Neg", ["red"], ["dark"], {}),
         ("Add", ["dark", "far"], ["depth"], {})],
        {"from": np.array([0]), "to": np.array([1]), "axis": np.array([1]), "far": np.float32([300])})
    return ["--depth", str(network), "--runtime", "onnx", "--depth-option", "scale=0.01",
            "--depth-option", "size=48,64"]
