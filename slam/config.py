"""The configuration of the whole system: one dataclass per stage."""

from dataclasses import dataclass, field

from slam.global_adjustment.frame_adjustment import FrameAdjustmentConfig
from slam.global_adjustment.global_adjustment import GlobalAdjustmentConfig
from slam.keyframe_depth.depth_alignment import AlignmentConfig
from slam.keyframe_depth.final_depth import FinalDepthConfig
from slam.keyframe_depth.refinement import RefinementConfig
from slam.keyframe_depth.relative_depth import RelativeDepthConfig
from slam.loops.loop_closer import LoopConfig
from slam.loops.map_joiner import MergingConfig
from slam.loops.submap_joiner import JoiningConfig
from slam.loops.verification import VerificationConfig
from slam.mapping.dynamic_regions import DynamicRegionConfig
from slam.mapping.fusion import FusionConfig
from slam.mapping.keyframe_images import KeyframeImageConfig
from slam.mapping.keyframes import KeyframeConfig
from slam.mapping.surfels import SurfelConfig
from slam.meshing.mesh_config import MeshConfig
from slam.scale.known_scale import ScaleConfig
from slam.texturing.texture import TextureConfig
from slam.tracking.known_views import KnownViewConfig
from slam.tracking.moving_parts import MovingPartsConfig
from slam.tracking.relocalisation import RelocalisationConfig
from slam.tracking.sharpness import SharpnessConfig
from slam.tracking.tracker import TrackerConfig


@dataclass(frozen=True)
class SlamConfig:
    """Settings of SlamSystem and of all its stages."""

    depth_is_measured: bool
    """Depth comes from a sensor: it is metric and used as it is. A network's is brought to the map's scale first."""
    depth_is_relative: bool = False
    """Predicted depth is known up to a factor and a summand of its inverse in each image only, so that metres come from
    known_scale or not at all. Follows from the network."""
    working_width: int = 320
    """Columns of the images for tracking and fusion; wider input is averaged down, and upright input to as many pixels
    as 4:3 has at this width."""
    level_count: int = 4
    """Pyramid levels that tracking uses."""
    doubtful_correlation: float = 0.7
    """Correlation of intensities, frame to keyframe, below which tracking is repeated from other start poses."""
    depth_log_std: float = 0.05
    """Standard deviation of the log of a keyframe's depth, before it is final."""
    lost_s: float = 1.0
    """Seconds for which the camera must be lost before a new submap begins; `lost_frames` must be reached, too."""
    lost_frames: int = 10
    """Frames for which the camera must be lost before a new submap begins; `lost_s` must be reached, too."""
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    """Direct alignment of a frame to a keyframe."""
    keyframes: KeyframeConfig = field(default_factory=KeyframeConfig)
    """When keyframes are made, and which of their pixels are aligned to."""
    known_views: KnownViewConfig = field(default_factory=KnownViewConfig)
    """When older keyframes serve again instead of new ones."""
    keyframe_images: KeyframeImageConfig = field(default_factory=KeyframeImageConfig)
    """Full-size images of keyframes, for the texture."""
    sharpness: SharpnessConfig = field(default_factory=SharpnessConfig)
    """Motion blur, which delays keyframes."""
    moving_parts: MovingPartsConfig | None = field(default_factory=MovingPartsConfig)
    """What moves on its own, found before tracking; None leaves that out."""
    dynamic_regions: DynamicRegionConfig = field(default_factory=DynamicRegionConfig)
    """What moves, in measured depth; for predicted depth see RefinementConfig.dynamic_regions."""
    alignment: AlignmentConfig = field(default_factory=AlignmentConfig)
    """Predicted depth brought to the rendered map."""
    relative_depth: RelativeDepthConfig = field(default_factory=RelativeDepthConfig)
    """Predicted depth without a scale brought to the map, where depth_is_relative."""
    refinement: RefinementConfig | None = None
    """Predicted depth of keyframes refined by geometry; None: measured depth, or predicted depth without refinement."""
    fusion: FusionConfig = field(default_factory=FusionConfig)
    """Depth maps fused into surfels."""
    surfels: SurfelConfig = field(default_factory=SurfelConfig)
    """The surfel map and its size."""
    relocalisation: RelocalisationConfig = field(default_factory=RelocalisationConfig)
    """Pose of a lost camera by features."""
    loops: LoopConfig = field(default_factory=LoopConfig)
    """Loop closure and pose graph."""
    joining: JoiningConfig = field(default_factory=JoiningConfig)
    """Submaps joined by features after the last frame, before the adjustment and where there is one."""
    merging: MergingConfig = field(default_factory=MergingConfig)
    """Maps of several recordings joined, by `monofuse merge`."""
    adjustment: GlobalAdjustmentConfig | None = None
    """Bundle adjustment of all keyframes after the last frame, for predicted depth; None leaves it out."""
    frame_adjustment: FrameAdjustmentConfig | None = None
    """Poses of all frames adjusted to the final keyframes, after the last frame, for predicted depth; None leaves it
    out."""
    verification: VerificationConfig = field(default_factory=VerificationConfig)
    """Loop verification."""
    known_scale: ScaleConfig = field(default_factory=ScaleConfig)
    """A known scale for predicted depth."""
    final_depth: FinalDepthConfig | None = None
    """Depth of all keyframes again, after the last frame, and a new map of it, for which images are kept; None leaves
    that out."""
    mesh: MeshConfig = field(default_factory=MeshConfig)
    """The mesh, after the last frame."""
    texture: TextureConfig = field(default_factory=TextureConfig)
    """The mesh's texture."""

    @classmethod
    def for_sensor(cls) -> "SlamConfig":
        """Configuration for a sensor's depth, which is good to a few per cent, and itself shows what moves."""
        return cls(depth_is_measured=True, moving_parts=None, tracker=TrackerConfig(geometric_weight=4.0))

    @classmethod
    def for_network(cls) -> "SlamConfig":
        """Configuration for a network's depth: wrong by 10 to 30 % in places, so surfaces are matched generously."""
        return cls(
            depth_is_measured=False,
            keyframes=KeyframeConfig(max_baseline=0.07),
            refinement=RefinementConfig(),
            adjustment=GlobalAdjustmentConfig(),
            final_depth=FinalDepthConfig(),
            frame_adjustment=FrameAdjustmentConfig(),
            fusion=FusionConfig(depth_tolerance=0.2, ambiguity=0.4, doubt=0.7, max_normal_angle_rad=1.0,
                                free_space_margin=0.3),
            loops=LoopConfig(odometry_std=(0.015, 0.03), loop_std=(0.01, 0.03), small=0.1, max_contradiction=0.2),
            verification=VerificationConfig(max_disagreement=0.06, max_log_scale=0.7, depth_tolerance=0.25))
