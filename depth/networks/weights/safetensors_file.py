"""Files in the safetensors format: tensors with names, and a few words about them; nothing in them is ever executed.

Layout: length of the header (8 bytes, little-endian), header (JSON), data.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from calib.base.errors import NetworkError

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
          "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Path -> ({name: tensor}, {key: text}). Raises NetworkError unless the file is whole."""
    content = path.read_bytes()
    try:
        start = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:start])
        facts = header.pop("__metadata__", {})
        data = bytearray(content[start:])
        tensors = {name: _tensor(data, **entry) for name, entry in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise NetworkError(f"{path} is no safetensors file, or not all of one: {reason}") from None
    return tensors, facts


def write_safetensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
    """Write {name: tensor} and {key: text}."""
    header, data, end = {"__metadata__": facts}, [], 0
    for name, tensor in tensors.items():
        data.append(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [end, end + len(data[-1])]}
        end += len(data[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(data))


def _tensor(data, dtype, shape, data_offsets):
    values, dtype = data[slice(*data_offsets)], DTYPES[dtype]
    return (torch.frombuffer(values, dtype=dtype) if values else torch.empty(0, dtype=dtype)).reshape(shape)
