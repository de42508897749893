"""A picture of a trajectory over the true one, in the plane in which the true one spreads most."""

import cv2
import numpy as np

from calib.geometry.sim3 import umeyama
from slam.evaluation import matches

SIZE_PX, MARGIN_PX = 600, 40
TRUE_RGB, OURS_RGB = (150, 150, 150), (30, 90, 220)


def trajectory_plot(estimate: tuple[np.ndarray, np.ndarray], truth: tuple[np.ndarray, np.ndarray], title: str
                    ) -> np.ndarray:
    """Times (N,) and poses (N, 4, 4) of both -> (600, 600, 3) uint8: true positions grey, ours after Sim(3) blue."""
    picture = np.full((SIZE_PX, SIZE_PX, 3), 255, np.uint8)
    i, j = matches(estimate[0], truth[0])
    ours, true = estimate[1][:, :3, 3], truth[1][:, :3, 3]
    scale, R, t = umeyama(ours[i], true[j], True)
    centre = true.mean(0)
    plane = np.linalg.svd(true - centre, full_matrices=False)[2][:2].T
    lines = [(true - centre) @ plane, (scale * ours @ R.T + t - centre) @ plane]
    low = lines[0].min(0)
    px_per_m = (SIZE_PX - 2 * MARGIN_PX) / max(float(np.ptp(lines[0], axis=0).max()), 1e-6)
    for line, colour in zip(lines, (TRUE_RGB, OURS_RGB)):
        pixels = np.round(MARGIN_PX + (line - low) * px_per_m).astype(np.int32)
        cv2.polylines(picture, [pixels.reshape(-1, 1, 2)], False, colour, 2, cv2.LINE_AA)
    cv2.putText(picture, f"{title}: true grey, ours blue; {np.ptp(lines[0], axis=0).max():.2f} m wide", (10, 20),
                cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return picture
