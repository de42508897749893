"""Text files that would never end, or fill the memory, are refused before they are read."""

import os

import pytest

from calib.base.errors import SourceError
from calib.files import text_file
from calib.files.text_file import data_lines


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_pipes_and_devices_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", os.path.realpath("/dev/zero")):
        with pytest.raises(SourceError, match="is no file"):
            data_lines(tmp_path / path)


def test_size_is_limited_before_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(text_file, "MAX_BYTES", 10)
    (tmp_path / "list.txt").write_text("1 a.png\n2 b.png\n")
    with pytest.raises(SourceError, match="too much for a text file"):
        data_lines(tmp_path / "list.txt")
