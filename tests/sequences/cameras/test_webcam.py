"""Webcams: a driver in software stands in for OpenCV's."""

import time

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError, SourceError
from sequences.cameras import opencv_camera, webcam
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions, is_live
from tests.helpers.tiny_recordings import picture, write_camera

SIZES = ((32, 24), (64, 48))


class Driver:
    """Stands in for cv2.VideoCapture; what it was told is kept from one opening to the next."""

    opened, told, rates, exposure_works, pictures = [], [], (30.0,), True, 10**6

    def __init__(self, device):
        Driver.opened.append(device)
        self.values = {cv2.CAP_PROP_FRAME_WIDTH: 32.0, cv2.CAP_PROP_FRAME_HEIGHT: 24.0, cv2.CAP_PROP_FPS: 30.0}
        self.count = 0

    def isOpened(self):
        return self.opened[-1] != 9

    def set(self, what, value):
        Driver.told.append((what, value))
        if what in (cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_AUTO_EXPOSURE):
            return self.exposure_works
        if what == cv2.CAP_PROP_FRAME_WIDTH:
            value = min((width for width, _ in SIZES), key=lambda width: abs(width - value))
            self.values[cv2.CAP_PROP_FRAME_HEIGHT] = dict(SIZES)[value]
        if what == cv2.CAP_PROP_FPS:
            value = min(self.rates, key=lambda rate: abs(rate - value))
        if what != cv2.CAP_PROP_FRAME_HEIGHT:
            self.values[what] = value
        return True

    def get(self, what):
        return 1e3 * (time.monotonic() - 0.04) if what == cv2.CAP_PROP_POS_MSEC else self.values.get(what, 0.0)

    def read(self):
        if self.count == self.pictures:
            return False, None
        self.count += 1
        time.sleep(0.001)
        size = int(self.values[cv2.CAP_PROP_FRAME_HEIGHT]), int(self.values[cv2.CAP_PROP_FRAME_WIDTH])
        return True, np.ascontiguousarray(picture(self.count - 1, size)[..., ::-1])

    def release(self):
        pass


@pytest.fixture(autouse=True)
def driver(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Driver)
    monkeypatch.setattr(webcam, "EXPOSURE_S", 0.02)
    monkeypatch.setattr(opencv_camera, "FIRST_PAUSE_S", 0.01)
    for name, value in (("opened", []), ("told", []), ("exposure_works", True), ("pictures", 10**6)):
        monkeypatch.setattr(Driver, name, value)
    return Driver


@pytest.fixture
def calibration(tmp_path):
    write_camera(tmp_path / "camera.yaml")
    return tmp_path / "camera.yaml"


def opened(source, calibration, told=None, **options):
    tell = (told if told is not None else []).append
    return open_sequence(source, SourceOptions(calibration_file=calibration, tell=tell, **options))


def test_pictures_with_the_time_the_driver_got_them(driver, calibration):
    sequence = opened("webcam:2", calibration, max_frames=3)
    frames = list(sequence)
    assert driver.opened == [2, 2] and sequence.name == "webcam-2" and is_live(sequence)
    assert [frame.index for frame in frames] == [0, 1, 2] and np.array_equal(frames[1].rgb, picture(1))
    for frame in frames:
        assert 0.03 < time.monotonic() - frame.arrived_s < 1
        assert frame.timestamp_s == pytest.approx(time.time() - time.monotonic() + frame.arrived_s, abs=0.01)


def test_alone_it_means_the_first(driver, calibration):
    assert opened("webcam", calibration).name == "webcam-0" and driver.opened == [0]
    assert opened("webcam:/dev/video2", calibration).name == "webcam-dev-video2" and driver.opened[-1] == "/dev/video2"


def test_size_rate_and_codec_are_asked_for_in_that_order(driver, calibration):
    sequence = opened("webcam:0,rate=30,codec=MJPG,size=64x48", calibration)
    assert sequence.camera.size == (48, 64)
    asked = [what for what, _ in driver.told]
    assert asked == [cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS,
                     cv2.CAP_PROP_AUTO_EXPOSURE]


def test_what_the_camera_does_not_have(driver, calibration, monkeypatch):
    told = []
    with pytest.raises(SourceError, match="offers 64x48 in place of 640x480: choose a size that it has"):
        opened("webcam:0,size=640x480", calibration)
    opened("webcam:0,rate=60", calibration, told)
    assert told == ["webcam-0: sends 30 frames/s, not 60; larger sizes may need codec=MJPG for more"]
    monkeypatch.setattr(driver, "exposure_works", False)
    opened("webcam:0,exposure=lock", calibration, told)
    assert told[-1] == "webcam-0: its driver does not do exposure=lock"


def test_exposure(driver, calibration):
    def asked(exposure):
        driver.told.clear()
        opened(f"webcam:0,exposure={exposure}", calibration)
        return [(what, value) for what, value in driver.told if "EXPOSURE" in NAMES.get(what, "")]

    NAMES = {cv2.CAP_PROP_AUTO_EXPOSURE: "AUTO_EXPOSURE", cv2.CAP_PROP_EXPOSURE: "EXPOSURE"}
    automatic, manual = (cv2.CAP_PROP_AUTO_EXPOSURE, webcam.AUTOMATIC), (cv2.CAP_PROP_AUTO_EXPOSURE, webcam.MANUAL)
    assert asked("auto") == [automatic] and asked("lock") == [automatic, manual]
    assert asked("-6.5") == [manual, (cv2.CAP_PROP_EXPOSURE, -6.5)]


@pytest.mark.parametrize("source, says", [
    ("webcam:9", "webcam:9 cannot be opened: is it plugged in"),
    ("webcam:0,exposure=dark", "takes auto, lock or a number"),
    ("webcam:0,codec=JPEG2", "four letters"), ("webcam:0,size=big", "WIDTHxHEIGHT"),
    ("webcam:0,zoom=2", "no option 'zoom'"),
    ("webcam:0,rate=0", "rate goes from 0.1"), ("webcam:0,1", "given twice")])
def test_what_cannot_be_asked_for(calibration, source, says):
    with pytest.raises(SourceError) as caught:
        opened(source, calibration)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_what_else_it_cannot_do(calibration, driver, monkeypatch):
    with pytest.raises(CalibrationError, match="does not tell its focal length"):
        opened("webcam:0", None)
    with pytest.raises(SourceError, match="no depth images"):
        opened("webcam:0", calibration, depth_every=1)
    monkeypatch.setattr(driver, "pictures", 0)
    with pytest.raises(SourceError, match="webcam-0 sends no picture"):
        opened("webcam:0", calibration)


def test_a_loose_plug(driver, calibration, monkeypatch):
    monkeypatch.setattr(driver, "pictures", 3)
    told = []
    sequence = opened("webcam:0", calibration, told, max_frames=8)
    frames = list(sequence)
    assert [frame.index for frame in frames] == list(range(8)) and sequence.reconnected == 2
    assert np.all(np.diff([frame.timestamp_s for frame in frames]) > 0) and "back after" in told[-1]
