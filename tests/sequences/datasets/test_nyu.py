"""NYU Depth v2: defects of the raw dump, gaps between synchronised images."""

import shutil

from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.dataset_samples import write
from tests.helpers.opening import refusal


def test_nyu_raw_with_the_defects_of_the_real_dump(copied):
    """Duplicate times, files that INDEX.txt names and the folder lacks, an empty image, depth that is gone."""
    folder = copied("nyu_raw").source
    colour, depth = sorted(folder.glob("r-*.ppm")), sorted(folder.glob("d-*.pgm"))
    for path in (colour[2], depth[1]):
        shutil.copy(path, path.with_name(path.name.replace("-31187876", "-91187876")))
    colour[-2].unlink(), depth[0].unlink(), depth[1].unlink()
    write(folder / "r-1294886362.999999-3118787699.ppm", b"")
    write(folder / "INDEX.txt", (folder / "INDEX.txt").read_text() + "\n\n\nr-1294886399.0-1.ppm\n")
    sequence = open_sequence(str(folder), SourceOptions(depth_every=1))
    assert len(sequence.shots) == 5 and "INDEX.txt names 3 images that are not there" in sequence.skipped.reasons[0]
    frames = list(sequence)
    assert [frame.index for frame in frames] == [0, 1, 2, 3] and "truncated or empty" in sequence.skipped.reasons[1]
    assert [frame.sensor_depth is not None for frame in frames] == [False, True, True, True]


def test_nyu_pairs_take_the_longest_run(copied):
    folder = copied("nyu_pairs").source
    (folder / "rgb_00042.jpg").unlink()
    sequence = open_sequence(str(folder), SourceOptions())
    assert len(sequence.shots) == 3 and "1 images are outside its longest run without a gap, 43 to 45" in \
        sequence.skipped.reasons[0]
    (folder / "rgb_00044.jpg").unlink()
    assert "do not follow one another, so they are no video" in refusal(folder)
