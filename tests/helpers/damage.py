"""Random damage to recordings: what broken downloads, bad disks and full memory cards leave."""

from itertools import pairwise

from calib.base.errors import MonofuseError
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions

TELLING = b"\0\n\r\t ,.-+eE0179:;#=[]{}'\"\xff"
"""Bytes that mean something in text; chance seldom finds them."""
MAX_LINE = 2000
"""Characters of an error: a few paths and words."""


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
    count, outcome = read_through(sample)
    missing = len(sample.T_world_cam) - count
    assert outcome != "unnoticed" or not count or missing <= sample.may_lack, f"{missing} missing without a word"
    return outcome


def read_through(sample):
    """Read a sample to its end, whatever is in it -> how many frames there are, outcome as of outcome_of."""
    try:
        options = {"depth_every": int(sample.has_depth)} | dict(sample.options)
        sequence = open_sequence(str(sample.source), SourceOptions(**options))
        times_s = []
        for frame in sequence:
            assert frame.rgb.shape == (*sequence.camera.size, 3), "frames of several sizes"
            times_s.append(frame.timestamp_s)
    except MonofuseError as error:
        check_line(error)
        return 0, "refused"
    assert all(before < after < float("inf") for before, after in pairwise(times_s)), f"times {times_s[:50]}"
    return len(times_s), "skipped" if sequence.skipped.reasons else "unnoticed"


def check_line(error):
    """Assert that an error is one line that somebody would read."""
    assert "\n" not in str(error), f"more than one line: {str(error)[:MAX_LINE]}"
    assert len(str(error)) <= MAX_LINE, f"a line of {len(str(error))} characters: {str(error)[:MAX_LINE]}"
