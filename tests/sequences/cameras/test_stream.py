"""Network streams on the loopback address: slow, stalling, breaking off, coming back."""

import socket
import threading
import time
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError, SourceError
from sequences.cameras import opencv_camera, stream
from sequences.cameras.stream import Stream, recognises, without_password
from sequences.prefetch import newest
from sequences.sequence import SourceOptions, is_live
from tests.helpers.mjpeg_server import MjpegServer
from tests.helpers.tiny_recordings import CAMERA, write_camera, write_video

SIZE = 48, 64
INTERVAL_S = 0.02


def numbered(number):
    """A picture that tells its number, also after JPEG: one grey block per bit."""
    rgb = np.full((*SIZE, 3), 90, np.uint8)
    for bit in range(8):
        rgb[:, 8 * bit: 8 * bit + 8] = 230 if number >> bit & 1 else 20
    return rgb


def number_of(rgb):
    return sum(1 << bit for bit in range(8) if rgb[24, 8 * bit + 4].mean() > 128)


def steadily(connection, camera, first=0):
    """Picture after picture."""
    for number in count(first):
        camera.send(numbered(number % 256))
        camera.pause(INTERVAL_S)


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    monkeypatch.setattr(opencv_camera, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(opencv_camera, "GIVE_UP_S", 20.0)


@pytest.fixture
def calibration(tmp_path):
    write_camera(tmp_path / "camera.yaml", CAMERA.resized(SIZE))
    return tmp_path / "camera.yaml"


def opened(server, calibration, told=None, **options):
    tell = (told if told is not None else []).append
    return Stream(server if isinstance(server, str) else server.url,
                  SourceOptions(calibration_file=calibration, tell=tell, **options))


def test_pictures_come_with_their_times(calibration):
    with MjpegServer(steadily) as server:
        before = time.time(), time.monotonic()
        sequence = opened(server, calibration, max_frames=6)
        frames = list(sequence)
        after = time.time(), time.monotonic()
    assert is_live(sequence) and sequence.frame_count == 6 and sequence.ground_truth is None
    assert sequence.name.startswith("127.0.0.1-") and sequence.camera == CAMERA.resized(SIZE)
    assert [frame.index for frame in frames] == list(range(6)) and sequence.reconnected == 0
    assert [number_of(frame.rgb) for frame in frames] == list(range(6))
    times_s, arrived_s = ([getattr(frame, name) for frame in frames] for name in ("timestamp_s", "arrived_s"))
    assert before[0] - 1 < times_s[0] and times_s[-1] < after[0] + 1 and np.all(np.diff(times_s) > 0)
    assert before[1] < arrived_s[0] and arrived_s[-1] < after[1]
    assert times_s == [float(f"{time_s:.6f}") for time_s in times_s], "text keeps them"


def test_who_is_slow_gets_the_newest(calibration):
    sent = []

    def serve(connection, camera):
        for number in range(256):
            sent.append(number)
            camera.send(numbered(number))
            camera.pause(INTERVAL_S)

    with MjpegServer(serve) as server:
        sequence = opened(server, calibration)
        frames, lags = [], []
        for frame in newest(sequence, leave=sequence.stop):
            lags.append(sent[-1] - number_of(frame.rgb))
            frames.append(frame)
            if len(frames) == 6:
                break
            time.sleep(10 * INTERVAL_S)
    steps = np.diff([frame.index for frame in frames])
    assert steps.max() > 3 and [number_of(frame.rgb) for frame in frames] == [frame.index for frame in frames]
    assert max(lags) < sum(steps) / 2, "it does not fall behind ever more"


@pytest.mark.parametrize("how", ["ends", "breaks off", "stalls"])
def test_it_reconnects(calibration, monkeypatch, how):
    """Connection 0 is for the size; connection 1 fails after five pictures."""
    monkeypatch.setattr(stream, "PARAMETERS", tuple(500 if p == stream.TIMEOUT_MS else p for p in stream.PARAMETERS))

    def serve(connection, camera):
        if connection != 1:
            steadily(connection, camera, 100 * (connection == 2))
            return
        for number in range(5):
            camera.send(numbered(number))
            camera.pause(INTERVAL_S)
        if how == "breaks off":
            camera.send(numbered(77), share=0.6)
        if how == "stalls":
            camera.pause(60)

    told = []
    with MjpegServer(serve) as server:
        sequence = opened(server, calibration, told, max_frames=9)
        frames = list(sequence)
    assert [number_of(frame.rgb) for frame in frames] == [0, 1, 2, 3, 4, 100, 101, 102, 103]
    assert [frame.index for frame in frames] == list(range(9)) and np.all(np.diff([f.timestamp_s for f in frames]) > 0)
    assert sequence.reconnected == 1
    assert len(told) == 2 and "no more pictures, trying to reconnect" in told[0] and "back after" in told[1]


def test_a_camera_that_refuses_for_a_while_is_waited_for(calibration):
    def serve(connection, camera):
        if connection in (2, 3):
            camera.refuse()
            return
        for number in range(3 if connection == 1 else 99):
            camera.send(numbered(number))

    with MjpegServer(serve) as server:
        assert len(list(opened(server, calibration, max_frames=5))) == 5 and server.connections == 5


def test_a_camera_that_stays_away_ends_the_sequence(calibration, monkeypatch):
    monkeypatch.setattr(opencv_camera, "GIVE_UP_S", 0.1)
    told = []

    def serve(connection, camera):
        for number in range(3 * (connection < 2)):
            camera.send(numbered(number))

    with MjpegServer(serve) as server:
        frames = list(opened(server, calibration, told))
    assert [number_of(frame.rgb) for frame in frames] == [0, 1, 2]
    assert "gone for 0 s, so the run ends here" in told[-1]


@pytest.mark.parametrize("silent", [False, True])
def test_stop_ends_it_from_another_thread(calibration, silent):
    def serve(connection, camera):
        if connection > 1:
            camera.refuse()
            return
        for number in range(3 if silent else 10**6):
            camera.send(numbered(number % 256))
            camera.pause(INTERVAL_S)

    with MjpegServer(serve) as server:
        sequence, taken = opened(server, calibration), []
        for frame in sequence:
            if not taken:  # a busy machine may take long until here
                threading.Timer(0.5, sequence.stop).start()
            taken.append(frame)
        assert len(taken) >= 3


def test_a_camera_that_comes_back_with_another_size_ends_the_run(calibration):
    """Within one connection FFmpeg brings all pictures to one size."""
    def serve(connection, camera):
        for number in range(3):
            camera.send(numbered(number) if connection < 2 else np.zeros((96, 128, 3), np.uint8))

    with MjpegServer(serve) as server, pytest.raises(SourceError, match="now sends 128x96 but before it was 64x48"):
        list(opened(server, calibration))


def test_what_cannot_be_opened_is_said_in_one_line(calibration, tmp_path, capfd):
    clip = write_video(tmp_path / "clip.avi", 30)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://user:secret@127.0.0.1:{unused.getsockname()[1]}/"
    with MjpegServer(lambda number, camera: camera.refuse()) as refuses, \
            MjpegServer(lambda number, camera: camera.file(clip)) as sends_a_file:
        for url, says in ((nobody, "cannot be opened: does the camera run"), (refuses.url, "cannot be opened"),
                          (sends_a_file.url, "is a recording: download it"), ("ftp://x", "is no URL of a stream")):
            with pytest.raises(SourceError) as caught:
                opened(url, calibration)
            assert says in str(caught.value) and "\n" not in str(caught.value) and "secret" not in str(caught.value)
    assert capfd.readouterr() == ("", ""), "FFmpeg's own remarks would come between our lines"


def test_the_calibration_must_be_given():
    with pytest.raises(CalibrationError, match="give --calibration FILE, or .* --calibration auto"):
        opened("http://127.0.0.1:9/", None)


def test_there_is_no_sensor_depth(calibration):
    with pytest.raises(SourceError, match="no depth images"):
        opened("http://127.0.0.1:9/", calibration, depth_every=1)


def test_urls_are_recognised_and_shown_without_password():
    assert all(map(recognises, ("rtsp://camera/1", "HTTP://x", "udp://@:1234", "https://u:p@h:80/a?b=c")))
    assert not any(map(recognises, ("room.mp4", "C:/x", "webcam:0", "http:/x")))
    assert without_password("rtsp://me:secret@10.0.0.2:554/a?b") == "rtsp://10.0.0.2:554/a?b"
    assert without_password("http://cam/v.cgi?user=me&pwd=a=b&;x=&y") == "http://cam/v.cgi?user=***&pwd=***&;x=&y"
    assert without_password("a@b/room.mp4") == "a@b/room.mp4"


def test_a_url_with_half_an_address_is_refused_without_its_password(calibration):
    with pytest.raises(SourceError, match="is no URL of a stream: ") as caught:
        opened("http://me:secret@[::1/a", calibration)
    assert "secret" not in str(caught.value)


def test_udp(calibration, tmp_path):
    """A transport stream in datagrams of seven packets, as senders do it."""
    path = str(tmp_path / "clip.ts")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MPG2"), 25, SIZE[::-1])
    for number in range(64):
        writer.write(numbered(number)[..., ::-1])
    writer.release()
    data = Path(path).read_bytes()
    sending = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        port = sender.getsockname()[1] + 1

        def send():
            while not sending.is_set():
                for start in range(0, len(data), 1316):
                    sender.sendto(data[start: start + 1316], ("127.0.0.1", port))
                    time.sleep(0.002)

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        try:
            frames = list(opened(f"udp://127.0.0.1:{port}", calibration, max_frames=5))
        finally:
            sending.set()
            thread.join()
    numbers = [number_of(frame.rgb) for frame in frames]
    assert len(numbers) == 5 and all(number < 64 for number in numbers)
