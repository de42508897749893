"""A folder of images becomes a trajectory, a map and a mesh.

    python examples/01_folder_of_images.py IMAGES/ CAMERA.yaml RESULTS/

Images are taken in the order of their names, 30 a second. Depth comes from the network that ships with monofuse.
"""

import sys
from pathlib import Path

import cv2

from monofuse import Slam, read_calibration

images, calibration_file, results = map(Path, sys.argv[1:])
slam = Slam(read_calibration(calibration_file).camera)
files = sorted(file for file in images.iterdir() if file.suffix.lower() in (".jpg", ".jpeg", ".png"))
assert files, f"no .jpg or .png in {images}"
for index, file in enumerate(files):
    bgr = cv2.imread(str(file))
    assert bgr is not None, f"{file} cannot be read"
    result = slam.track(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), index / 30)
    print(file.name, result.status)
slam.finish(lambda text, share: print(f"{text}: {share:.0%}", end="\r"))
times_s, T_world_cam = slam.trajectory()
print(f"\n{len(times_s)} of {len(files)} images tracked; the last camera is at {T_world_cam[-1, :3, 3]} m")
slam.save(results)
