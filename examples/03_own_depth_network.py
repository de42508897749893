"""A depth network of your own: any function from an image to depth in metres.

    python examples/03_own_depth_network.py walk.mp4 CAMERA.yaml RESULTS/

The function below is a stand-in that needs no weights: everything is 2 m away, and geometry does the rest. A network
that knows how sure it is returns a monofuse.DepthPrediction; an object with `predict(rgb, camera)` is told the camera,
too.
"""

import sys

import cv2
import numpy as np

from monofuse import Slam, read_calibration


def depth_m(rgb: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8, rectified -> (h, w) metres, any size that shows the same; 0 where unknown."""
    return np.full((rgb.shape[0] // 4, rgb.shape[1] // 4), 2.0, np.float32)


video, calibration_file, results = sys.argv[1:]
slam = Slam(read_calibration(calibration_file).camera, depth=depth_m)
capture = cv2.VideoCapture(video)
assert capture.isOpened(), f"{video} cannot be opened"
frames_per_s, count = capture.get(cv2.CAP_PROP_FPS) or 30.0, 0
while (bgr := capture.read()[1]) is not None:
    slam.track(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), count / frames_per_s)
    count += 1
slam.finish()
slam.save(results)
print(f"{len(slam.trajectory()[0])} of {count} images tracked")
