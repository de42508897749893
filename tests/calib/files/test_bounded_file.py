"""Files that never end or are too large, JSON and YAML that fill the memory: one line, before they are read."""

import os

import pytest

from calib.base.errors import MonofuseError, SourceError
from calib.files import text_file
from calib.files.bounded_file import bytes_of
from calib.files.exif import rotation_from_exif
from calib.files.json_text import json_in, json_of
from calib.files.picture_roles import split_pictures
from calib.files.text_file import data_lines, numbers_in
from calib.files.yaml_text import yaml_of
from tests.helpers.hostile import ALIASES

DEEP = 100_000


def test_a_file_of_gigabytes_is_not_read(tmp_path):
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 5 << 30)
    with pytest.raises(SourceError, match="5120 MB are too much for a list"):
        bytes_of(tmp_path / "large", 1000, "a list")
    assert rotation_from_exif(tmp_path / "large") == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_pipes_and_devices_are_refused(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    (tmp_path / "a.png").symlink_to("/dev/zero")
    for name in ("a.jpg", "a.png"):
        with pytest.raises(SourceError, match="is no file"):
            bytes_of(tmp_path / name, 1000, "an image")
    assert rotation_from_exif(tmp_path / "a.jpg") == 0
    assert split_pictures([tmp_path / "a.jpg", tmp_path / "a.png"]).pictures


@pytest.mark.parametrize("text", ["[" * DEEP, '{"a":' * DEEP, "{", "9" * 5000])
def test_json_is_read_or_refused_in_one_line(tmp_path, text):
    (tmp_path / "it.json").write_text(text)
    with pytest.raises(SourceError, match="expected JSON"):
        json_in(tmp_path / "it.json")


@pytest.mark.parametrize("text", ["[" * 5000, "a: &a [*a, *a]", ALIASES.decode(), "a" * 300_000, "a: 9999-99-99"])
def test_yaml_is_read_or_refused_in_one_line(text):
    with pytest.raises(ValueError) as caught:
        yaml_of(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) <= 200


def test_aliases_that_stand_for_little_are_read():
    assert yaml_of("a: &a [1, 2]\nb: *a") == {"a": [1, 2], "b": [1, 2]}


def test_lines_and_their_lengths_are_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(text_file, "MAX_LINES", 10)
    monkeypatch.setattr(text_file, "MAX_LINE", 100)
    for text, reason in (("1\n" * 20, "more than 10 lines"), ("1 " * 60, "has a line of more than")):
        (tmp_path / "list.txt").write_text(text)
        with pytest.raises(SourceError, match=reason):
            data_lines(tmp_path / "list.txt")
    with pytest.raises(SourceError, match="more numbers"):
        numbers_in("1 " * 60, "here")


def test_errors_are_one_line_that_somebody_would_read():
    text = str(MonofuseError(f"begin\n{'x' * 10**6}\nend"))
    assert len(text) < 1010 and text.startswith("begin x") and text.endswith("x end") and "\n" not in text


@pytest.mark.parametrize("digits", [309, 5000])
def test_whole_numbers_beyond_those_of_a_float_are_refused(digits):
    for text, reader in ((f'{{"a": [1, -{"9" * digits}]}}', json_of), (f"a: [1, -{'9' * digits}]", yaml_of)):
        with pytest.raises(ValueError, match="too large to convert|digits"):
            reader(text)
    assert json_of(f"[{2**64}]") == yaml_of(f"[{2**64}]") == [2**64]
