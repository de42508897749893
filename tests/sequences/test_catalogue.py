"""From what the user types to a source."""

from importlib import import_module

import pytest

from calib.base.errors import SourceError
from sequences import catalogue
from sequences.catalogue import SOURCES, open_sequence
from sequences.datasets.tum import TumSequence
from sequences.files.image_folder import ImageFolder
from sequences.files.video import VideoFile
from sequences.sequence import SourceOptions
from sequences.synthetic import sequence as synthetic
from tests.helpers.tiny_recordings import picture, write_camera, write_rgb, write_tum, write_video


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A working folder with one recording of each kind."""
    write_tum(tmp_path / "walk")
    for folder in ("shots", "images"):
        write_rgb(tmp_path / folder / "1.png", picture(0))
        write_camera(tmp_path / folder / "calibration.yaml")
    write_video(tmp_path / "clip.avi", 3)
    (tmp_path / "clip.bin").write_bytes((tmp_path / "clip.avi").read_bytes())
    write_camera(tmp_path / "clip.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(source):
    with pytest.raises(SourceError) as caught:
        open_sequence(source, SourceOptions())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("source, kind, name", [
    ("walk", TumSequence, "walk"), ("walk/", TumSequence, "walk"), ("tum:walk", TumSequence, "walk"),
    ("shots", ImageFolder, "shots"), ("images:shots", ImageFolder, "shots"), ("images:walk/rgb", None, None),
    ("images", ImageFolder, "images"),
    ("clip.avi", VideoFile, "clip"), ("video:clip.bin", VideoFile, "clip")])
def test_sources_are_recognised_or_named(places, source, kind, name):
    write_camera(places / "walk" / "rgb" / "calibration.yaml")
    sequence = open_sequence(source, SourceOptions())
    assert isinstance(sequence, kind or ImageFolder) and sequence.name == (name or "rgb")
    assert next(iter(sequence)).rgb.shape == (24, 32, 3)


def test_paths_may_contain_colons(places):
    (places / "walk").rename(places / "12:30")
    (places / "images").rename(places / "images:of")
    assert open_sequence("12:30", SourceOptions()).name == "12:30"
    assert open_sequence("tum:12:30", SourceOptions()).name == "12:30"
    assert open_sequence("./images:of", SourceOptions()).name == "images:of"
    assert open_sequence(f"tum:{places}/12:30", SourceOptions()).name == "12:30"


def test_the_home_folder_behind_a_colon(places, monkeypatch):
    monkeypatch.setenv("HOME", str(places))
    assert open_sequence("tum:~/walk", SourceOptions()).name == "walk"


def test_synthetic_needs_no_place(places, monkeypatch):
    opened = []
    monkeypatch.setattr(synthetic, "SyntheticSequence", lambda *arguments: opened.append(arguments))
    (places / "synthetic").mkdir()
    options = SourceOptions(seed=7)
    for source in ("synthetic", "synthetic:", "synthetic:3,frames=5"):
        open_sequence(source, options)
    assert opened == [("", options), ("", options), ("3,frames=5", options)]


@pytest.mark.parametrize("source, says", [
    ("none", "no source none: expected `synthetic`, a recording, a video, `webcam:0`"),
    ("carrier:pigeon", "no source carrier:pigeon"),
    ("notes.txt", "cannot tell what notes.txt is: no kind of video"),
    ("page.mp5", "cannot tell what page.mp5 is: this is HTML"),
    ("empty", "cannot tell what empty is: it is empty"),
    (".", ". is no recording but clip.avi is (video), one of 3 in it: choose one"),
    ("tum", "no source tum"),
    ("tum:", "tum: names no path: expected tum:PATH"),
    ("tum:none", "none is not a folder"),
    ("tum:~nobody-of-that-name/walk", "is not a folder"),
    ("video:none.mp4", "none.mp4 is not a file"),
    ("video:walk", "walk is not a file"),
    ("images:empty", "empty has no images"),
    ("x" * 300, "File name too long"),
    ("tum:" + "x" * 300, "File name too long"),
    ("\0", "no source")])
def test_what_cannot_be_opened_is_said(places, source, says):
    (places / "empty").mkdir()
    (places / "notes.txt").write_text("to do")
    (places / "page.mp5").write_text("<html><body>not found</body></html>")
    assert says in refusal(source)


@pytest.mark.parametrize("source, name, location", [
    ("webcam", "webcam", ""), ("webcam:0,size=64x48", "webcam", "0,size=64x48"), ("webcam:", "webcam", ""),
    ("realsense", "realsense", ""), ("realsense:42", "realsense", "42"),
    ("rtsp://me:secret@10.0.0.2/a", "stream", "rtsp://me:secret@10.0.0.2/a"),
    ("HTTP://camera/video.mjpg", "stream", "HTTP://camera/video.mjpg"),
    ("stream:udp://@:1234", "stream", "udp://@:1234"),
    ("walk.bag", "bag", "walk.bag"), ("walk.db3", "bag", "walk.db3"), ("bag:clip.bin", "bag", "clip.bin")])
def test_cameras_and_what_they_recorded(places, monkeypatch, source, name, location):
    opened = []
    for file, begins in (("walk.bag", b"#ROSBAG V2.0"), ("walk.db3", b"SQLite format 3")):
        (places / file).write_bytes(begins)
    module, kind = SOURCES[name]
    monkeypatch.setattr(f"{module}.{kind}", lambda *arguments: opened.append(arguments))
    options = SourceOptions()
    open_sequence(source, options)
    assert opened == [(location, options)]


def test_every_source_of_the_table_exists():
    assert all(hasattr(import_module(module), kind) for module, kind in SOURCES.values())
    modules = [import_module(SOURCES[name][0]) for name in catalogue.RECOGNISED]
    assert all(module.LAYOUT and hasattr(module, "recognises") for module in modules)


@pytest.mark.parametrize("names, says", [
    (("groundtruth.txt", "accelerometer.txt"), "nearest to rgb.txt or associations.txt (TUM RGB-D)"),
    (("mav0/imu0/data.csv",), "nearest to mav0/cam0/data.csv"),
    (("sparse/0/cameras.bin", "notes.txt"), "nearest to sparse/0 with cameras and images"),
    (("IMG_1.CR9", "IMG_2.EXR", "a.txt"), "of a kind that is not read (EXR is not read)"),
    (("a.txt", "b.txt", "c.csv", "d.csv"), "in it are a.txt, b.txt, c.csv ..., and no images")])
def test_an_unknown_folder_is_told_what_is_nearest(places, names, says):
    for name in names:
        (places / "odd" / name).parent.mkdir(parents=True, exist_ok=True)
        (places / "odd" / name).write_text("x")
    said = refusal("odd")
    assert says in said and len(said) < 400


@pytest.mark.parametrize("place", ["scan", "scan/2024/export", "scan/a/b"])
def test_the_only_recording_further_down_is_opened_and_named(places, place):
    told = []
    (places / "scan" / "logs").mkdir(parents=True)
    (places / place).mkdir(parents=True, exist_ok=True)
    (places / "walk").rename(places / place / "walk")
    sequence = open_sequence("scan", SourceOptions(tell=told.append))
    assert isinstance(sequence, TumSequence) and sequence.name == "walk"
    assert told == [f"scan holds one recording, {place}/walk (tum)"]
