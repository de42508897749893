"""A webcam or a video in a loop of your own; Ctrl-C ends it and saves.

    python examples/02_own_camera_loop.py 0 CAMERA.yaml RESULTS/
    python examples/02_own_camera_loop.py walk.mp4 CAMERA.yaml RESULTS/
"""

import signal
import sys
import threading
import time

import cv2

from monofuse import Slam, read_calibration

source, calibration_file, results = sys.argv[1:]
slam = Slam(read_calibration(calibration_file).camera)
slam.warm_up()  # before the camera starts: the first time on a machine this compiles for a minute
stop = threading.Event()
signal.signal(signal.SIGINT, lambda *_: stop.set())  # between two images; half an image would spoil the map

is_webcam = source.isdecimal()
capture = cv2.VideoCapture(int(source) if is_webcam else source)
assert capture.isOpened(), f"{source} cannot be opened"
frames_per_s = capture.get(cv2.CAP_PROP_FPS) or 30.0
count = 0
while not stop.is_set():
    is_there, bgr = capture.read()
    if not is_there:
        break
    time_s = time.monotonic() if is_webcam else count / frames_per_s
    result = slam.track(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), time_s)
    if result.T_world_cam is not None:
        print(f"{count} {result.status} at {result.T_world_cam[:3, 3].round(3)} m")
    count += 1
slam.finish()
slam.save(results)
