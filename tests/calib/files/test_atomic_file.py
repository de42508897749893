"""Files that are whole or not there: replaced, refused, interrupted, killed."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from calib.base.errors import OutputError
from calib.files.atomic_file import partial_name, partial_pattern, replacing, write_file
from tests.helpers.paths import ROOT


def test_folders_are_made_and_files_replaced(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    write_file(path, b"old")
    write_file(str(path), b"new")
    assert path.read_bytes() == b"new" and os.listdir(path.parent) == ["file"]


@pytest.mark.parametrize("code, says, advice", [
    (errno.ENOSPC, "the disk is full", "free some space"), (errno.EDQUOT, "the disk is full", "free some space"),
    (errno.EFBIG, os.strerror(errno.EFBIG), "free some space"), (errno.EIO, os.strerror(errno.EIO), "; choose")])
def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch, code, says, advice):
    write_file(tmp_path / "file", b"old")

    def half(path, data):
        with open(path, "wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OutputError) as caught:
        write_file(tmp_path / "file", bytes(2_000_000))
    message = str(caught.value)
    assert f"cannot write {tmp_path / 'file'} (2.0 MB): {says}" in message and advice in message and "\n" not in message
    assert (tmp_path / "file").read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_whatever_ends_the_writing_leaves_the_old_file(tmp_path):
    write_file(tmp_path / "file", b"old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "file") as partial:
        partial.write_bytes(b"half")
        raise KeyboardInterrupt
    assert (tmp_path / "file").read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_a_killed_process_leaves_the_old_file_and_what_the_pattern_finds(tmp_path):
    write_file(tmp_path / "file", b"old")
    code = ("import os, signal, sys\nfrom calib.files.atomic_file import replacing\n"
            "with replacing(sys.argv[1]) as partial:\n    partial.write_bytes(b'half')\n    os.kill(os.getpid(), 9)\n")
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "file")], cwd=ROOT, check=False, timeout=60)
    assert (tmp_path / "file").read_bytes() == b"old" and len(os.listdir(tmp_path)) == 2
    assert [path.read_bytes() for path in tmp_path.glob(partial_pattern("file"))] == [b"half"]


def test_the_content_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """A power cut between the two must not leave an empty file in the place of the old one."""
    done, replace = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda number: done.append(os.fstat(number).st_size))
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("named"), replace(*paths)))
    write_file(tmp_path / "file", b"four")
    assert done == [4, "named"]


def test_links_stay_and_what_is_no_file_is_left_alone(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    write_file(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "folder" / "file").read_bytes() == b"x"
    for place in (tmp_path / "folder", Path(os.devnull)):
        with pytest.raises(OutputError, match="it is not a file"):
            write_file(place, b"x")
    assert Path(os.devnull).is_char_device() and os.listdir(tmp_path / "folder") == ["file"]


def test_a_file_in_the_place_of_a_folder_is_one_clear_line(tmp_path):
    write_file(tmp_path / "file", b"precious")
    with pytest.raises(OutputError, match="there is a file in the place of the folder"):
        write_file(tmp_path / "file" / "below", b"x")
    assert (tmp_path / "file").read_bytes() == b"precious" and str(os.getpid()) in partial_name("file")
