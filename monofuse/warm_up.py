"""Compile, or load from the cache, every kernel before the first real frame, so that no frame waits for it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from calib.base.kernel_cache import is_compiled
from calib.geometry.camera import Camera
from monofuse.interface.screen import Screen
from sequences.frame import DepthImage, Frame
from slam import kernels
from slam.config import SlamConfig
from slam.global_adjustment.feature_tracks import PointTracks
from slam.global_adjustment.reprojection_bundle import ReprojectionBundle, ReprojectionBundleConfig, ReprojectionState
from slam.kernels.consistency import count_votes
from slam.kernels.descriptors import SIZE, nearest
from slam.kernels.surfel_field import Discs, add_discs, disc_blocks
from slam.keyframe_depth.predicted_depth import PredictedDepth
from slam.keyframe_depth.refinement import RefinementConfig
from slam.keyframe_depth.stereo import refine_depth
from slam.mapping.dynamic_regions import contradicted_by_images
from slam.mapping.pass_merger import PassMerger
from slam.meshing.depth_view import DepthView
from slam.meshing.field_blocks import empty_field
from slam.meshing.tsdf import MeshConfig, build_mesh
from slam.system import SlamSystem
from slam.texturing.surface import Photo, Surface
from slam.texturing.texture import TextureConfig, texture_steps
from slam.tracking.image import Image, prepared

CAMERA = Camera(128, 96, 100.0, 100.0, 63.5, 47.5)
"""Of the frames that kernels are compiled with."""


def prepare(config: SlamConfig, screen: Screen) -> None:
    """Load what the run would otherwise wait for later."""
    with screen.status("preparing (the first start on a machine compiles for a minute)"):
        warm_up(config)


def warm_up(config: SlamConfig) -> None:
    """Run the pipeline of `config` on a few small made-up frames."""
    config = replace(config, surfels=replace(config.surfels, max_surfels=4 * CAMERA.width * CAMERA.height))
    frames = made_up_frames()
    is_shared = config.refinement and not is_compiled(Path(kernels.__path__[0]))
    with second_process() if is_shared else nullcontext():
        track(frames, config)
    paint_a_triangle(frames[0].rgb, config.texture)
    if config.refinement:
        refine_a_keyframe([prepared(frame, CAMERA, config) for frame in frames], config.refinement)
        adjust_and_mesh(config.mesh)
    else:
        mesh_a_surfel()


@contextmanager
def second_process() -> Iterator[None]:
    """Meanwhile, what does not come with frames is compiled by another process, on another core: half of what predicted
    depth needs, and little that measured depth does. Whatever goes wrong there is compiled here."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        process = subprocess.Popen([sys.executable, "-m", "monofuse.warm_up"], env=environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        yield
        return
    try:
        yield
        process.wait()
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """What the second process does."""
    config, frames = SlamConfig.for_network(), made_up_frames()
    adjust_and_mesh(config.mesh)
    paint_a_triangle(frames[0].rgb, config.texture)
    refine_a_keyframe([prepared(frame, CAMERA, config) for frame in frames], RefinementConfig())


def made_up_frames() -> list[Frame]:
    """A camera that moves sideways before a wall."""
    height, width = CAMERA.size
    pattern = np.random.default_rng(0).integers(0, 255, (height // 4, width // 4 + 8, 3), np.uint8)
    texture = np.kron(pattern, np.ones((4, 4, 1), np.uint8))
    depth = DepthImage(np.full(CAMERA.size, 2.0, np.float32), CAMERA)
    return [Frame(index, index / 30, np.ascontiguousarray(texture[:, index: index + width]), depth)
            for index in range(4)]


def track(frames: list[Frame], config: SlamConfig) -> None:
    """All that happens while frames come, also where nothing is to be seen."""
    slam = SlamSystem(CAMERA, config)
    for frame in frames:
        slam.process(frame)
    slam.process(Frame(4, 4 / 30, np.zeros_like(frames[0].rgb), frames[0].depth))
    slam.finish()  # or what other threads were asked for would be waited for in vain
    if isinstance(slam.depth, PredictedDepth):
        image = slam.prepare(replace(frames[-1], index=5, timestamp_s=5 / 30))
        for row in (0, 1):
            slam.depth.refiner.add(row, np.eye(4), None, image, image.inverse_depth)
            slam.depth.refiner.window.adjust()
    merger = PassMerger(slam.camera, config.fusion, min_gap=0)
    merger.waiting.append(0)
    merging = merger.next(slam.keyframes)
    assert merging is not None
    merging(slam.surfels)


def paint_a_triangle(rgb: np.ndarray, config: TextureConfig) -> None:
    """What follows the mesh."""
    surface = Surface(np.array([[-0.2, -0.2, 1], [0.2, -0.2, 1], [0, 0.2, 1]]), np.array([[0, 2, 1]], np.int32),
                      np.zeros((3, 3), np.float32))
    for _ in texture_steps(surface, [Photo(lambda: rgb, np.eye(4), CAMERA)], config):
        pass


def mesh_a_surfel() -> None:
    """What follows the last frame where depth is measured."""
    discs = Discs(np.array([[0.0, 0.0, 1.0]]), np.array([[0.0, 0.0, -1.0]]), np.array([0.01]), np.ones(1))
    keys = np.empty(8, np.int64)
    keys = np.unique(keys[:disc_blocks(discs, 0.01, 0.02, keys)])
    add_discs(empty_field(keys), keys, discs, 0.01, 0.02)


def refine_a_keyframe(images: list[Image], config: RefinementConfig) -> None:
    """What happens to keyframes of predicted depth when others show what they show."""
    image, *others = images
    seen = image.pyramid, image.inverse_depth, [each.pyramid for each in others], np.stack([np.eye(4)] * len(others))
    refine_depth(*seen, config.stereo)
    contradicted_by_images(*seen, config.dynamic_regions)


def adjust_and_mesh(config: MeshConfig) -> None:
    """What follows the last frame where depth is predicted."""
    one = np.zeros((1, SIZE), np.int16)
    nearest(one, one, np.empty(1, np.int64), np.empty((1, 2), np.int32), np.empty(1, np.int32))
    tracks = PointTracks(np.array([0, 1]), np.array([0, 0]), np.array([[60.0, 40.0], [58.0, 40.0]]))
    bundle = ReprojectionBundle(CAMERA, tracks, np.full(2, 2.0), np.array([True, False]), ReprojectionBundleConfig())
    bundle.minimise(ReprojectionState(np.stack([np.eye(4), np.eye(4)]), np.array([[0.0, 0.0, 2.0]])))
    count_votes(np.ones((1, 1), np.float32), np.ones((1, 1, 1), np.float32), np.eye(4, dtype=np.float32)[None, :3],
                np.array(CAMERA.pinhole, np.float32), np.float32(0.1), *np.empty((2, 1, 1), np.uint8))
    build_mesh([DepthView(np.full(CAMERA.size, 0.5, np.float32), np.full(CAMERA.size, 0.05, np.float32),
                          np.zeros((*CAMERA.size, 3), np.uint8), np.eye(4))], CAMERA, config)


if __name__ == "__main__":
    main()
