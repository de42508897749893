"""A walk through a procedural furnished room with exact depth and poses: the source `synthetic`.

`synthetic`, `synthetic:SEED` or `synthetic:seed=3,frames=600,noise=0.01,...`; see SyntheticOptions. The same options
give the same frames, byte for byte. The world is the room: its floor is z = 0, x runs along its length, z points up.
"""

from collections.abc import Iterator

import numpy as np

from calib.formats.calibration_file import read_calibration
from calib.geometry.camera import Camera
from calib.geometry.se3 import exp, inverse, log
from sequences.frame import DepthImage, Frame
from sequences.sequence import Sequence, SkipLog, SourceOptions
from sequences.synthetic.hand_held import hand_held_walk
from sequences.synthetic.options import parse_synthetic
from sequences.synthetic.renderer import Renderer
from sequences.synthetic.rendering.sensor import developed, exposure_gains, with_noise
from sequences.synthetic.room_cache import cached_room

SHUTTER_STEPS = 7
"""Renders averaged for one blurred image; odd, so that the middle one is at the true pose."""


class SyntheticSequence(Sequence):
    """See sequences.sequence.Sequence. Opening it builds the room, which takes seconds the first time."""

    frame_count: int
    ground_truth: tuple[np.ndarray, np.ndarray]
    has_depth = True

    def __init__(self, location: str, options: SourceOptions):
        """`location`: the text after `synthetic:`, or with it; a seed in it goes before that of `options`.

        Raises SourceError where it cannot be understood.
        """
        self.synthetic = parse_synthetic(location, options.seed)
        self.options = options
        self.name = f"synthetic-{self.synthetic.seed}"
        self.skipped = SkipLog()
        self.true_camera = pinhole(*self.synthetic.size, self.synthetic.fov)
        self.camera = self.true_camera
        if options.calibration_file is not None:
            self.camera = read_calibration(options.calibration_file).camera.fitted_to(self.true_camera.size)
        self.frame_count = min(self.synthetic.frames, options.max_frames or self.synthetic.frames)
        self.room = cached_room(self.synthetic.seed)
        T_world_cam = hand_held_walk(self.room, self.synthetic.frames, self.synthetic.rate, self.synthetic.seed,
                                     self.synthetic.loop)
        self.ground_truth = (np.arange(self.synthetic.frames) / self.synthetic.rate, T_world_cam)
        self.gains = exposure_gains(self.synthetic.frames, self.synthetic.rate, self.synthetic.exposure,
                                    np.random.default_rng([self.synthetic.seed, 3]))

    def __iter__(self) -> Iterator[Frame]:
        renderer = Renderer(self.room, self.true_camera, self.synthetic.samples)
        for index in range(self.frame_count):
            yield self._frame(renderer, index)

    def _frame(self, renderer, index):
        radiance, depth_m = self._exposed(renderer, index)
        if self.synthetic.exposure:
            radiance *= np.float32(self.gains[index])
        if self.synthetic.noise:
            rng = np.random.default_rng([self.synthetic.seed, 4, index])
            radiance = with_noise(radiance, self.synthetic.noise, rng)
        wants_depth = self.options.depth_every and index % self.options.depth_every == 0
        return Frame(index, float(self.ground_truth[0][index]), developed(radiance),
                     sensor_depth=DepthImage(depth_m, self.true_camera) if wants_depth else None,
                     T_world_cam_true=self.ground_truth[1][index])

    def _exposed(self, renderer, index):
        """Radiance, averaged while the shutter is open, and depth at the middle of that time."""
        T_world_cam = self.ground_truth[1][index]
        if not self.synthetic.blur:
            return renderer.render(T_world_cam)
        radiance, depth_m = renderer.render(T_world_cam)
        for step in range(1, SHUTTER_STEPS // 2 + 1):
            for side in (-1, 1):
                T_cam_then = self._T_cam_then(index, side * self.synthetic.blur * step / SHUTTER_STEPS)
                radiance += renderer.render(T_world_cam @ T_cam_then)[0]
        return radiance / SHUTTER_STEPS, depth_m

    def _T_cam_then(self, index, intervals):
        """(4, 4) pose, relative to that of a frame, a fraction of a frame interval after it (before it: negative)."""
        T = self.ground_truth[1]
        neighbour = index + (1 if intervals > 0 else -1)
        if 0 <= neighbour < len(T):
            return exp(abs(intervals) * log(inverse(T[index]) @ T[neighbour]))
        inner = 2 * index - neighbour
        return exp(-abs(intervals) * log(inverse(T[index]) @ T[inner])) if 0 <= inner < len(T) else np.eye(4)


def pinhole(width: int, height: int, fov_deg: float) -> Camera:
    """A camera with square pixels, its centre in the middle, and this horizontal field of view."""
    focal = width / 2 / np.tan(np.radians(fov_deg) / 2)
    return Camera(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
