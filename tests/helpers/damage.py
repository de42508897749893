"""Random damage to recordings: what broken downloads, bad disks and full memory cards leave."""

from itertools import pairwise

from calib.base.errors import MonofuseError
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions

TELLING = b"\0\n\r\t ,.-+eE0179:;#=[]{}'\"\xff"
"""Bytes that mean something in text; chance seldom finds them."""


def damage(folder, rng):
    """Cut off or change bytes of a file, each kind of file as often as the others -> its path, what it held."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    kind = rng.choice(sorted({path.suffix for path in files}))
    path = rng.choice([path for path in files if path.suffix == kind])
    whole = path.read_bytes()
    data = bytearray(whole)
    if rng.random() < 0.5:
        del data[rng.integers(len(data)):]
    else:
        for place in rng.integers(min(len(data), 10 ** rng.integers(2, 8)), size=rng.integers(1, 6)):
            data[place] = rng.integers(256) if rng.random() < 0.5 else TELLING[rng.integers(len(TELLING))]
    path.write_bytes(bytes(data))
    return path, whole


def outcome_of(sample):
    """Read a damaged sample to its end -> `refused`, `skipped` (frames or depth maps, counted), `unnoticed`.

    Anything but a one-line error and whole frames is raised, also where frames are missing without a word.
    """
    try:
        options = {"depth_every": int(sample.has_depth)} | sample.options
        sequence = open_sequence(str(sample.source), SourceOptions(**options))
        frames = list(sequence)
    except MonofuseError as error:
        assert "\n" not in str(error), f"more than one line: {error}"
        return "refused"
    assert all(frame.rgb.shape == (*sequence.camera.size, 3) for frame in frames), "frames of several sizes"
    times_s = [frame.timestamp_s for frame in frames]
    missing = len(sample.T_world_cam) - len(frames)
    assert not frames or missing <= sample.may_lack or sequence.skipped.reasons, f"{missing} missing without a word"
    assert all(before < after < float("inf") for before, after in pairwise(times_s)), f"times {times_s}"
    return "skipped" if sequence.skipped.reasons else "unnoticed"
