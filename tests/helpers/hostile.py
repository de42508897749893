"""What somebody who knows a format writes into a file of it: absurd sizes and counts, values of another type, text
without end, names of devices, archives that tell lies. Each twist is a function of content and generator -> new
content, or None where it does not apply; see also hostile_containers, for what lies within archives and databases.
"""

import json
import re
import struct
import zlib
from functools import cache

LIMITS = (0, 1, -1, 2, 0xFFFF, 2**16, 10**6, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
WORDS = ("0", "-1", "1", "65536", "2147483647", "2147483648", "4294967295", "9223372036854775808", "1e308", "-1e308",
         "1e-308", "nan", "inf", "-inf", "1e999", "9" * 400, "9" * 5000, "0x10", "", "1_0", "\u0661\u0662", "\u00b2",
         "x", "null", "[]", "{}", "true", "'", '"', "../../../etc/passwd", "/dev/zero", ".", "/", "\0", "a" * 1_000_000)
"""In place of a number or a name in text."""
TOKENS = re.compile(rb"[^\s,;:=\[\](){}\"'#<>]+")
NUMBERS = re.compile(rb"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")
DEPTH = 100_000
HEAD_BYTES = 512
"""Of a binary file, where its sizes and counts mostly are."""
BOMB_BYTES = 3 << 30
DEEP = "\0deep\0"
"""Stands for what json.dumps cannot write."""
JSON_VALUES = (None, True, [], {}, "", "x", "nan", 0, -1, 0.5, 2**31, 2**32, 2**63, 2**64, 10**400, 1e308, -1e308,
               float("nan"), float("inf"), [None], [[]], {"a": None}, [0] * 1000, "9" * 5000, "x" * 1_000_000,
               "/dev/zero", "../../..", "/", ".", "\0", DEEP)
ALIASES = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    f"{b}: &{b} [{', '.join(9 * [f'*{a}'])}]\n".encode() for a, b in zip("abcdefgh", "bcdefghi"))
"""A billion values in few bytes of YAML."""
CHUNK_TYPES = b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"iCCP"
JPEG_FRAME = re.compile(rb"\xff[\xc0\xc1\xc2]\0[\x0b\x11].", re.DOTALL)
ZLIB = re.compile(rb"x[\x01\x9c\xda]")


def text(data, rng):
    """A number or word of a text becomes another."""
    if not is_text(data):
        return None
    pattern = NUMBERS if rng.random() < 0.7 else TOKENS
    found = list(pattern.finditer(data[:200_000]))
    if not found:
        return None
    match = found[rng.integers(len(found))]
    return data[:match.start()] + pick(WORDS, rng).encode() + data[match.end():]


def columns(data, rng):
    """A line loses or gains a column, all do, or lines come twice or in another order."""
    if not is_text(data) or b"\n" not in data:
        return None
    lines = data.split(b"\n")
    separator = b"," if b"," in lines[-2] else b" "
    row = int(rng.integers(len(lines)))
    kind = int(rng.integers(6))
    rows = range(len(lines)) if kind in (1, 3) else [row]
    for k in rows:
        words = lines[k].split(separator)
        lines[k] = separator.join(words[:-1] if kind < 2 else [*words, words[-1]] if kind < 4 else words)
    if kind == 4:
        lines[row:row] = 1000 * [lines[row]]
    if kind == 5:
        lines.reverse()
    return b"\n".join(lines)


def nested(data, rng):
    """Brackets without end, in place of all or of a number."""
    if not is_text(data):
        return None
    deep = pick((b"[", b'{"a":', b"- ", b"{a: ", b"<a>", b"("), rng) * DEPTH
    found = list(NUMBERS.finditer(data[:200_000]))
    if not found or rng.random() < 0.5:
        return deep
    match = found[rng.integers(len(found))]
    return data[:match.start()] + deep + data[match.end():]


def aliases(data, rng):
    """A value that YAML unfolds to a billion."""
    if not is_text(data) or b": " not in data:
        return None
    name = pick(re.findall(rb"(?m)^(\w+): ", data) or [b"width"], rng)
    return re.sub(rb"(?m)^" + name + b":.*$", b"", data, count=1) + b"\n" + ALIASES + name + b": *i\n"


def json_value(data, rng):
    """A value anywhere in JSON becomes one of another type, goes, or gets a name that is not known."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return None
    places = list(_places(tree))
    value = pick(JSON_VALUES, rng)
    if not places or rng.random() < 0.05:
        tree = value
    else:
        holder, key = places[rng.integers(len(places))]
        if rng.random() < 0.15:
            del holder[key]
        else:
            holder[key] = value
    return json.dumps(tree).replace(json.dumps(DEEP), "[" * DEPTH + "]" * DEPTH).encode()


def field(data, rng):
    """A whole or real number anywhere in a binary file, mostly in its head, becomes a limit."""
    if is_text(data) or len(data) < 16:
        return None
    kind = pick("BhHiIqQfd", rng)
    order = ">" if rng.random() < 0.3 else "<"
    size = struct.calcsize(kind)
    place = int(rng.integers(min(len(data), HEAD_BYTES if rng.random() < 0.6 else len(data)) - size + 1))
    if rng.random() < 0.6:
        place -= place % min(size, 4)
    return data[:place] + packed(order + kind, rng) + data[place + size:]


def png(data, rng):
    """A number in a chunk of a PNG, with the checksum that belongs to it."""
    if not data.startswith(b"\x89PNG"):
        return None
    place = data.find(pick(CHUNK_TYPES[:2], rng))
    length = int.from_bytes(data[place - 4:place])
    if place < 0 or length > len(data):
        return None
    body = bytearray(data[place + 4:place + 4 + length])
    if data[place:place + 4] == b"IHDR":
        start = int(rng.choice([0, 0, 4, 4, 8, 9, 12]))
        size = 4 if start < 8 else 1
        body[start:start + size] = packed(">I" if size == 4 else "B", rng)
    else:
        body = zlib.compress(bytes(1 << 20))
    checked = data[place:place + 4] + bytes(body)
    return data[:place - 4] + struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked)) + \
        data[place + 8 + length:]


def jpeg(data, rng):
    """Height or width of a JPEG."""
    match = JPEG_FRAME.search(data)
    if not data.startswith(b"\xff\xd8") or not match:
        return None
    place = match.end() + int(rng.choice([0, 2]))
    return data[:place] + packed(">H", rng) + data[place + 2:]


def compressed(data, rng):
    """A zlib stream within a binary file becomes one that unfolds to gigabytes, in the same number of bytes or not."""
    if is_text(data):
        return None
    starts = [match.start() for match in ZLIB.finditer(data) if _is_stream(data, match.start())]
    if not starts:
        return None
    place = pick(starts, rng)
    stream = zlib.decompressobj()
    try:
        stream.decompress(data[place:], 1 << 26)
    except zlib.error:
        return None
    bomb = bomb_bytes()
    rest = data[place + len(bomb):] if rng.random() < 0.5 else data[len(data) - len(stream.unused_data):]
    return data[:place] + bomb + rest


def cut(data, rng):
    """The file ends early."""
    return data[:int(rng.integers(len(data)))] if data else None


def doubled(data, rng):
    """The file comes twice in one."""
    return data + data


def pick(items, rng):
    """One of some items."""
    return items[int(rng.integers(len(items)))]


def packed(kind, rng):
    """One of LIMITS, or for real numbers something like it, as `struct` packs it."""
    if kind[-1] in "fd":
        return struct.pack(kind, pick((0.0, -1.0, 1e38, float("nan"), float("inf"), -float("inf"), 1e-38), rng))
    size = 8 * struct.calcsize(kind)
    value = pick(LIMITS, rng) % 2**size
    return struct.pack(kind, value - 2**size if kind[-1].islower() and value >= 2**(size - 1) else value)


def is_text(data):
    """Whether content is text."""
    return bool(data) and b"\0" not in data[:2000] and not data.startswith((b"\x89PNG", b"\xff\xd8", b"PK"))


@cache
def bomb_bytes():
    """A zlib stream of a few megabytes that unfolds to BOMB_BYTES zeros."""
    packer, block_bytes = zlib.compressobj(9, wbits=-zlib.MAX_WBITS), 1 << 24
    block = packer.compress(bytes(block_bytes)) + packer.flush(zlib.Z_FULL_FLUSH)  # depends on nothing before it
    checksum = struct.pack(">HH", BOMB_BYTES % 65521, 1)
    return b"x\xda" + BOMB_BYTES // block_bytes * block + packer.flush() + checksum


def _is_stream(data, start):
    try:
        return bool(zlib.decompressobj().decompress(data[start:start + 4096], 64))
    except zlib.error:
        return False


def _places(tree):
    """(list or mapping, index or name) of every value in a tree, of long lists the first few."""
    items = list(tree.items() if isinstance(tree, dict) else enumerate(tree[:20]) if isinstance(tree, list) else ())
    for key, value in items:
        yield tree, key
        yield from _places(value)


CONTENT = (text, text, text, columns, nested, aliases, json_value, json_value, json_value, field, field, field, png,
           png, jpeg, compressed, cut, doubled)
"""All twists of content, as often as each is to be tried."""
