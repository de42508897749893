"""Clips as phones and encoders make them, which OpenCV's writer cannot: any codec, true times, a rotation flag."""

import struct
from fractions import Fraction

import av

from tests.helpers.tiny_recordings import picture

SIZE = 96, 128
TIMES_MS = [0, 33, 53, 86, 206, 239, 289, 322, 442, 475, 508, 558]
"""Of a camera that takes longer in the dark."""


def write_clip(path, codec="libx264", times_ms=TIMES_MS, start_ms=0, pixels="yuv420p", options=None,
               shown=lambda number: picture(number, SIZE), container=None, rate=30, aspect=None, transfer=None,
               metadata=None):
    """`shown(k)`, (H, W, 3) uint8 of SIZE, at times_ms[k]. -> path"""
    options_of_container = {"movflags": "use_metadata_tags"} if metadata else {}
    with av.open(str(path), "w", format=container, options=options_of_container) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=rate, options=options or {})
        if aspect:
            stream.sample_aspect_ratio = aspect
        if transfer:
            stream.codec_context.color_trc = transfer
        stream.height, stream.width = SIZE
        stream.pix_fmt = pixels
        tick_s = Fraction(1, 1000) if rate == 30 else Fraction(1, rate)  # some codecs take none but the rate's own
        stream.time_base = stream.codec_context.time_base = tick_s
        for number, time_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(shown(number), format="rgb24").reformat(format=pixels)
            if transfer:
                frame.color_trc = transfer
            frame.pts, frame.time_base = round((start_ms + time_ms) / 1000 / tick_s), tick_s
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def turn(path, clockwise_deg):
    """Set the flag of an .mp4 by which players turn the pictures."""
    data = path.read_bytes()
    matrix = data.index(b"tkhd") + 4 + 40
    a, b = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[clockwise_deg]
    rows = struct.pack(">9i", a << 16, b << 16, 0, -b << 16, a << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(data[:matrix] + rows + data[matrix + 36:])
    return path
