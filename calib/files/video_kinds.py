"""Which files are videos: by their suffix, or by how they begin, where they have none or a wrong one."""

from pathlib import Path

from calib.files.image_kinds import BRANDS

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp", ".ts", ".mts",
                  ".m2ts", ".flv", ".ogv", ".gif", ".h264", ".264", ".h265", ".265", ".hevc", ".mjpg", ".mjpeg", ".vob",
                  ".mod", ".dv", ".qt", ".insv", ".lrv", ".mxf", ".asf", ".3g2", ".f4v", ".y4m", ".m2v",
                  ".ivf")
MAGIC = (b"\x1a\x45\xdf\xa3", b"\0\0\1\xba", b"\0\0\1\xb3", b"FLV\1", b"GIF87a", b"GIF89a", b"OggS",
         b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"\0\0\0\1\x67", b"\0\0\0\1\x27", b"\0\0\1\x67", b"\0\0\0\1\x40\x01",
         b"\0\0\0\1\x09", b"YUV4MPEG2", b"DKIF")
"""Matroska, MPEG, Flash, GIF, Ogg, ASF, H.264, H.265, Y4M, IVF"""
PACKET_BYTES = (188, 192)
"""Of MPEG transport streams, the latter with a time before each (cameras' .mts)."""


def is_video(path: Path) -> bool:
    """Whether a file is a video."""
    if not path.is_file():
        return False
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return True
    with path.open("rb") as file:
        return begins_as_video(file.read(800))


def begins_as_video(data: bytes) -> bool:
    """Whether the first bytes of a file are those of a video."""
    if data[4:8] == b"ftyp":
        return data[8:12] not in BRANDS  # pictures, or sequences of them that phones take for pictures
    if data[4:8] in (b"moov", b"mdat", b"wide", b"free") or (data[:4] == b"RIFF" and data[8:12] == b"AVI "):
        return True
    is_transport = any(len(data) > 3 * size and all(data[k * size + size - 188] == 0x47 for k in range(4))
                       for size in PACKET_BYTES)
    return is_transport or data.startswith(MAGIC)
