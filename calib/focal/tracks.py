"""Points followed through a video, and the keyframes in which their places count."""

import cv2
import numpy as np

from calib.focal.bundle import Observations

LONGER_SIDE = 640
"""Larger images are averaged down to this."""
MAX_POINTS = 400
DISTANCE_PX = 16
"""Between points when they are found."""
BORDER_PX = 6
KEYFRAME_MOTION = 0.04
"""A keyframe is due when points have moved by this share of the longer side (median)."""
KEYFRAME_LOSS = 0.4
"""A keyframe is due when this share of the points is gone."""
ROUND_TRIP_PX = 0.4
"""Back in the image before, a point must arrive where it came from."""
FLOW = {"winSize": (15, 15), "maxLevel": 4, "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01)}


class VideoTracks:
    """Lucas-Kanade tracks. Feed it the images of a stretch of video, but for those between which hardly anything
    moves."""

    def __init__(self):
        self.size: tuple[int, int] = 0, 0
        """(height, width) of the images as they are tracked, zeros before the first."""
        self.frames = 0
        self.keyframes = []
        """Number of the image, points (N,), places (N, 2) and flow per frame (N, 2) in pixels."""
        self._image = np.empty((0, 0), np.uint8)
        self._point = np.empty(0, int)
        self._uv, self._flow = np.empty((2, 0, 2), np.float32)
        self._found = 0

    def add(self, gray: np.ndarray, interval: int = 1) -> None:
        """(H, W) uint8, the next image in time, `interval` frames of the video after the one before."""
        if not self.frames:
            self.size = _tracked_size(gray.shape)
        image = gray if gray.shape == self.size else cv2.resize(gray, self.size[::-1], interpolation=cv2.INTER_AREA)
        if len(self._uv):
            self._follow(image, interval)
        self._image = image
        if not self.keyframes or self._keyframe_is_due():
            self._find_more()
            self.keyframes.append([self.frames, self._point, self._uv, self._flow])
        self.frames += 1

    def observations(self, min_count: int = 3) -> Observations:
        """Observations of the points that at least `min_count` keyframes saw."""
        height, width = self.size
        key = np.repeat(np.arange(len(self.keyframes)), [len(points) for _, points, _, _ in self.keyframes])
        point, uv_px, flow_px = (np.concatenate(column) for column in list(zip(*self.keyframes))[1:])
        uv = (uv_px - [(width - 1) / 2, (height - 1) / 2]) / max(self.size)
        sheared = flow_px / max(self.size) * ((uv_px[:, 1:] + 0.5) / height - 0.5)
        kept = np.bincount(point)[point] >= min_count
        point = np.unique(point[kept], return_inverse=True)[1]
        return Observations(key[kept], point, uv[kept].astype(float), sheared[kept].astype(float))

    def _follow(self, image, interval):
        there, found, _ = cv2.calcOpticalFlowPyrLK(self._image, image, self._uv, np.empty_like(self._uv), **FLOW)
        back, found_back, _ = cv2.calcOpticalFlowPyrLK(image, self._image, there, np.empty_like(there), **FLOW)
        inside = np.all((there >= BORDER_PX) & (there < np.array(image.shape[::-1]) - BORDER_PX), axis=1)
        kept = inside & (found[:, 0] > 0) & (found_back[:, 0] > 0)
        kept &= np.abs(back - self._uv).max(1) < ROUND_TRIP_PX
        flow = (there[kept] - self._uv[kept]) / np.float32(interval)
        if self.keyframes[-1][0] == self.frames - 1:
            self._centre_flow(self._point[kept], flow)
        self._point, self._uv, self._flow = self._point[kept], there[kept], flow

    def _centre_flow(self, point, flow):
        """The last image was a keyframe: now it is known how its points go on."""
        _, points, _, before = self.keyframes[-1]
        after = dict(zip(point.tolist(), flow))
        rows = np.array([after.get(name, old) for name, old in zip(points.tolist(), before)], np.float32)
        known = np.any(before != 0, axis=1)
        self.keyframes[-1][3] = np.where(known[:, None], (rows + before) / 2, rows)

    def _keyframe_is_due(self):
        _, points, uv, _ = self.keyframes[-1]
        _, here, there = np.intersect1d(self._point, points, assume_unique=True, return_indices=True)
        if len(here) < (1 - KEYFRAME_LOSS) * len(points):
            return True
        moved = np.linalg.norm(self._uv[here] - uv[there], axis=1)
        return len(moved) == 0 or np.median(moved) > KEYFRAME_MOTION * max(self.size)

    def _find_more(self):
        """Fill places without points."""
        mask = np.zeros(self.size, np.uint8)
        mask[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX] = 255
        for u, v in np.rint(self._uv).astype(int).tolist():
            cv2.circle(mask, (u, v), DISTANCE_PX, 0, -1)
        wanted = MAX_POINTS - len(self._uv)
        if wanted <= 0:
            return
        new = cv2.goodFeaturesToTrack(self._image, wanted, 0.01, DISTANCE_PX, mask=mask, blockSize=5)
        if new is not None:
            self._point = np.concatenate([self._point, self._found + np.arange(len(new))])
            self._uv = np.concatenate([self._uv, new[:, 0]])
            self._flow = np.concatenate([self._flow, np.zeros((len(new), 2), np.float32)])
            self._found += len(new)


def _tracked_size(size):
    scale = min(1.0, LONGER_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
