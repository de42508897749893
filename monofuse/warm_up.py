"""Compile, or load from the cache, every kernel before the first real frame, so that no frame waits for it."""

from dataclasses import replace

import numpy as np

from calib.geometry.camera import Camera
from monofuse.interface.screen import Screen
from sequences.frame import DepthImage, Frame
from slam.config import SlamConfig
from slam.global_adjustment.feature_tracks import PointTracks
from slam.global_adjustment.reprojection_bundle import ReprojectionBundle, ReprojectionBundleConfig, ReprojectionState
from slam.kernels.consistency import count_votes
from slam.kernels.surfel_field import Discs, add_discs, disc_blocks
from slam.keyframe_depth.predicted_depth import PredictedDepth
from slam.keyframe_depth.stereo import refine_depth
from slam.mapping.dynamic_regions import contradicted_by_images
from slam.mapping.pass_merger import PassMerger
from slam.meshing.depth_view import DepthView
from slam.meshing.field_blocks import empty_field
from slam.meshing.tsdf import build_mesh
from slam.system import SlamSystem
from slam.texturing.surface import Photo, Surface
from slam.texturing.texture import TextureConfig, texture_steps

SIZE = (96, 128)
"""(height, width) of the frames that kernels are compiled with."""


def prepare(config: SlamConfig, screen: Screen) -> None:
    """Load what the run would otherwise wait for later."""
    with screen.status("preparing (the first start on a machine compiles for a minute or two)"):
        warm_up(config)


def warm_up(config: SlamConfig) -> None:
    """Run the pipeline of `config` on a few small made-up frames."""
    camera = Camera(SIZE[1], SIZE[0], 100.0, 100.0, 63.5, 47.5)
    config = replace(config, surfels=replace(config.surfels, max_surfels=4 * camera.width * camera.height))
    slam = SlamSystem(camera, config)
    pattern = np.random.default_rng(0).integers(0, 255, (SIZE[0] // 4, SIZE[1] // 4 + 8, 3), np.uint8)
    texture = np.kron(pattern, np.ones((4, 4, 1), np.uint8))
    depth = DepthImage(np.full(SIZE, 2.0, np.float32), camera)
    frames = [Frame(index, index / 30, np.ascontiguousarray(texture[:, index: index + SIZE[1]]), depth)
              for index in range(4)]
    for frame in frames:
        slam.process(frame)
    slam.process(Frame(4, 4 / 30, np.zeros((*SIZE, 3), np.uint8), depth))
    _paint_a_triangle(camera, texture, config.texture)
    if isinstance(slam.depth, PredictedDepth):
        _refine_keyframes(slam, slam.depth, frames[-1])
        _adjust_all_keyframes(slam)
    else:
        _mesh_a_surfel()
    merger = PassMerger(slam.camera, config.fusion, min_gap=0)
    merger.waiting.append(0)
    merger.step(slam.surfels, slam.keyframes)


def _paint_a_triangle(camera: Camera, rgb: np.ndarray, config: TextureConfig) -> None:
    """What follows the mesh."""
    surface = Surface(np.array([[-0.2, -0.2, 1], [0.2, -0.2, 1], [0, 0.2, 1]]), np.array([[0, 2, 1]], np.int32),
                      np.zeros((3, 3), np.float32))
    photo = Photo(lambda: np.ascontiguousarray(rgb[:, : camera.width]), np.eye(4), camera)
    for _ in texture_steps(surface, [photo], config):
        pass


def _mesh_a_surfel() -> None:
    """What follows the last frame where depth is measured."""
    discs = Discs(np.array([[0.0, 0.0, 1.0]]), np.array([[0.0, 0.0, -1.0]]), np.array([0.01]), np.ones(1))
    keys = np.empty(8, np.int64)
    keys = np.unique(keys[:disc_blocks(discs, 0.01, 0.02, keys)])
    add_discs(empty_field(keys), keys, discs, 0.01, 0.02)


def _refine_keyframes(slam: SlamSystem, depth: PredictedDepth, frame: Frame) -> None:
    """What happens to keyframes of predicted depth while frames come."""
    config = depth.refiner.config
    image = slam.prepare(replace(frame, index=5, timestamp_s=5 / 30))
    for row in (0, 1):
        depth.refiner.add(row, np.eye(4), None, image, image.inverse_depth)
    seen = image.pyramid, image.inverse_depth, [image.pyramid], np.eye(4)[None]
    refine_depth(*seen, config.stereo)
    contradicted_by_images(*seen, config.dynamic_regions)


def _adjust_all_keyframes(slam: SlamSystem) -> None:
    """What follows the last frame where depth is predicted."""
    tracks = PointTracks(np.array([0, 1]), np.array([0, 0]), np.array([[60.0, 40.0], [58.0, 40.0]]))
    bundle = ReprojectionBundle(slam.camera, tracks, np.full(2, 2.0), np.array([True, False]),
                                ReprojectionBundleConfig())
    bundle.minimise(ReprojectionState(np.stack([np.eye(4), np.eye(4)]), np.array([[0.0, 0.0, 2.0]])))
    count_votes(np.ones((1, 1), np.float32), np.ones((1, 1, 1), np.float32), np.eye(4, dtype=np.float32)[None, :3],
                np.array(slam.camera.pinhole, np.float32), np.float32(0.1), *np.empty((2, 1, 1), np.uint8))
    build_mesh([DepthView(np.full(SIZE, 0.5, np.float32), np.full(SIZE, 0.05, np.float32),
                               np.zeros((*SIZE, 3), np.uint8), np.eye(4))], slam.camera, slam.config.mesh)
