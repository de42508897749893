"""Minimal TensorFlow checkpoints, written by hand: a sorted table of protocol buffers and the data beside it."""

import numpy as np

DTYPES = {np.dtype(np.float32): 1, np.dtype(np.int32): 3, np.dtype(np.int64): 9, np.dtype(np.float16): 19}
MAGIC = 0xDB4775248B80FB57


def write_bundle(prefix, arrays, block_entries=2, compression=0):
    """Write {name: array} as `prefix`.index and `prefix`.data-00000-of-00001."""
    data, entries = b"", [("", _field(1, 1) + _field(3, _field(1, 1)))]
    for name, array in sorted(arrays.items()):
        shape = b"".join(_field(2, _field(1, size)) for size in array.shape)
        entry = _field(1, DTYPES[array.dtype]) + _field(2, shape) + _field(4, len(data)) + _field(5, array.nbytes)
        entries.append((name, entry + _varint(6 << 3 | 5) + bytes(4)))
        data += array.tobytes()
    table, handles = b"", []
    for start in range(0, len(entries), block_entries):
        block = _block(entries[start:start + block_entries])
        handles.append((entries[start:start + block_entries][-1][0], _varint(len(table)) + _varint(len(block))))
        table += block + bytes([compression]) + bytes(4)
    index = _block(handles)
    footer = (_varint(0) + _varint(0) + _varint(len(table)) + _varint(len(index))).ljust(40, b"\0")
    prefix.with_name(prefix.name + ".index").write_bytes(
        table + index + bytes(5) + footer + MAGIC.to_bytes(8, "little"))
    prefix.with_name(prefix.name + ".data-00000-of-00001").write_bytes(data)


def _block(entries):
    """Names told by what differs from the one before; one restart point, at the start."""
    text, before = b"", b""
    for name, value in entries:
        key = name.encode()
        shared = next((k for k, (a, b) in enumerate(zip(key, before)) if a != b), min(len(key), len(before)))
        text += _varint(shared) + _varint(len(key) - shared) + _varint(len(value)) + key[shared:] + value
        before = key
    return text + (0).to_bytes(4, "little") + (1).to_bytes(4, "little")


def _field(number, value):
    """A number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value):
    groups = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])
