"""TensorFlow checkpoints (`NAME.index` and `NAME.data-00000-of-00001`, format V2) without TensorFlow.

The index is a sorted table of LevelDB: blocks of keys and values, each key told by what differs from the one before;
the last block lists the others, and a footer of 48 bytes tells where it is. The values are protocol buffers
(tensor_bundle.proto) that say where in the data file a tensor lies.
"""

from pathlib import Path

import numpy as np

from calib.base.errors import NetworkError, SourceError
from calib.files.bounded_file import bytes_of, refuse_endless

MAX_INDEX_BYTES = 64 << 20
FOOTER_BYTES, MAGIC = 48, bytes.fromhex("57fb808b247547db")
DTYPES = {1: np.dtype("<f4"), 2: np.dtype("<f8"), 3: np.dtype("<i4"), 9: np.dtype("<i8")}
"""Element types by their numbers in types.proto."""
DTYPE, SHAPE, SHARD, OFFSET, SIZE = 1, 2, 3, 4, 5
"""Numbers of the fields of BundleEntryProto."""


def read_bundle(path: str | Path) -> dict[str, np.ndarray]:
    """`NAME` or `NAME.index` -> {name: array}. Raises NetworkError."""
    prefix = Path(path).with_suffix("") if Path(path).suffix == ".index" else Path(path)
    try:
        index = bytes_of(Path(f"{prefix}.index"), MAX_INDEX_BYTES, "the index of a checkpoint")
        content = Path(f"{prefix}.data-00000-of-00001")
        refuse_endless(content)
        data = np.memmap(content, np.uint8, "r")
    except SourceError as error:
        raise NetworkError(str(error)) from None
    except OSError as error:
        raise NetworkError(f"{error.filename}: {error.strerror}; a TensorFlow checkpoint is a file .index and one "
                           f".data-00000-of-00001 next to it") from None
    try:
        return {name: _array(_message(entry), data) for name, entry in _entries(index) if name}
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, RuntimeError) as error:
        # RuntimeError: numbers that end too early, within a generator
        raise NetworkError(f"{prefix}.index is no TensorFlow checkpoint that can be read here ({error!r})") from None


def _entries(index):
    """Bytes of the table -> (name, value) pairs; the first, without a name, describes the whole."""
    footer = index[-FOOTER_BYTES:]
    if footer[-8:] != MAGIC:
        raise ValueError("its footer is another")
    numbers = _varints(footer)
    _, _, start, size = (next(numbers) for _ in range(4))  # the first two: where the table of filters is
    for _, handle in _block(index, start, size):
        for key, value in _block(index, *_first_two(handle)):
            yield key.decode(), value


def _block(index, start, size):
    """Key and value pairs of the block at `start`. Behind it stand how it is compressed and a checksum."""
    if index[start + size] != 0:
        raise ValueError("it is compressed")
    block = index[start:start + size]
    restarts = int.from_bytes(block[-4:], "little")
    at, end, key = 0, len(block) - 4 * (restarts + 1), b""
    while at < end:
        shared, at = _varint(block, at)
        unshared, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at:at + unshared]
        yield key, block[at + unshared:at + unshared + length]
        at += unshared + length


def _array(entry, data):
    dtype, size, offset = DTYPES[entry[DTYPE][0]], entry[SIZE][0], entry.get(OFFSET, [0])[0]
    if entry.get(SHARD, [0])[0] != 0:
        raise ValueError("it has several data files")
    dimensions = _message(entry.get(SHAPE, [b""])[0]).get(2, [])
    shape = [_message(dimension).get(1, [0])[0] for dimension in dimensions]
    return np.frombuffer(data[offset:offset + size], dtype).reshape(shape)


def _message(text):
    """Protocol buffer -> {field: values in order}, values being numbers or bytes."""
    fields, at = {}, 0
    while at < len(text):
        tag, at = _varint(text, at)
        if tag & 7 == 0:
            value, at = _varint(text, at)
        else:
            length, at = (4, at) if tag & 7 == 5 else _varint(text, at)
            value, at = text[at:at + length], at + length
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _varint(text, at):
    """The number at a position, seven bits a byte, and the position behind it."""
    value = shift = 0
    while text[at] & 0x80:
        value |= (text[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | text[at] << shift, at + 1


def _varints(text):
    at = 0
    while at < len(text):
        value, at = _varint(text, at)
        yield value


def _first_two(text):
    numbers = _varints(text)
    return next(numbers), next(numbers)
