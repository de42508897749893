"""How a whole system is set up."""

from dataclasses import dataclass, field

from slam.global_adjustment.global_adjustment import GlobalAdjustmentConfig
from slam.keyframe_depth.depth_alignment import AlignmentConfig
from slam.keyframe_depth.final_map import FinalMapConfig
from slam.keyframe_depth.refinement import RefinementConfig
from slam.loops.loop_closer import LoopConfig
from slam.loops.verification import VerificationConfig
from slam.mapping.dynamic_regions import DynamicRegionConfig
from slam.mapping.fusion import FusionConfig
from slam.mapping.keyframes import KeyframeConfig
from slam.mapping.surfels import SurfelConfig
from slam.meshing.poisson import MeshConfig
from slam.scale.known_scale import ScaleConfig
from slam.tracking.relocalisation import RelocalisationConfig
from slam.tracking.sharpness import SharpnessConfig
from slam.tracking.tracker import TrackerConfig


@dataclass(frozen=True)
class SlamConfig:
    depth_is_measured: bool
    """A sensor's depth is metric and used as it is; a network's is brought to the map's scale first."""
    working_width: int = 320
    """Columns of the images that tracking and fusion see; wider input is averaged down."""
    level_count: int = 4
    """Pyramid levels of the tracker."""
    doubtful_correlation: float = 0.7
    """A frame whose intensities correlate less than this with the keyframe's is tracked again from other starts."""
    depth_log_std: float = 0.05
    """Standard deviation of the logarithm of a keyframe's depth."""
    lost_s: float = 1.0
    """Lost for so long, and for lost_frames, the system starts anew with a submap, which joins the map when the two
    turn out to show one place."""
    lost_frames: int = 10
    """Frames in a row that must be lost, as well as lost_s of time, before a submap begins."""
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    """Alignment of each frame to the reference keyframe."""
    keyframes: KeyframeConfig = field(default_factory=KeyframeConfig)
    """When a frame becomes a keyframe, and which of its points are tracked."""
    sharpness: SharpnessConfig = field(default_factory=SharpnessConfig)
    """Blurred frames wait to become keyframes."""
    dynamic_regions: DynamicRegionConfig = field(default_factory=DynamicRegionConfig)
    """Regions that move are left out of measured depth; predicted depth has its own, refinement.dynamic_regions."""
    alignment: AlignmentConfig = field(default_factory=AlignmentConfig)
    """How predicted depth is brought to the map's scale while refinement is off."""
    refinement: RefinementConfig | None = None
    """Keyframes' depth by geometry, where depth is predicted; null: it is only fitted to the map."""
    fusion: FusionConfig = field(default_factory=FusionConfig)
    """Depth into surfels."""
    surfels: SurfelConfig = field(default_factory=SurfelConfig)
    """The map's size and upkeep."""
    relocalisation: RelocalisationConfig = field(default_factory=RelocalisationConfig)
    """Search for the camera among stored keyframes after tracking has failed."""
    loops: LoopConfig = field(default_factory=LoopConfig)
    """Loop closure: candidates, acceptance and pose graph."""
    adjustment: GlobalAdjustmentConfig | None = None
    """Bundle adjustment of all keyframes after the last frame, for predicted depth; needs refinement."""
    verification: VerificationConfig = field(default_factory=VerificationConfig)
    """Loop verification: whether two keyframes show one place."""
    known_scale: ScaleConfig = field(default_factory=ScaleConfig)
    """What is known of the size of the scene, for predicted depth."""

    final_map: FinalMapConfig | None = None
    """All keyframes' depth estimated again after the last frame, and a new map of it; keeps their images."""

    mesh: MeshConfig = field(default_factory=MeshConfig)
    """The surface made of the surfels after the last frame."""

    @classmethod
    def for_sensor(cls) -> "SlamConfig":
        """Depth from a sensor: good to a few per cent."""
        return cls(depth_is_measured=True, tracker=TrackerConfig(geometric_weight=4.0))

    @classmethod
    def for_network(cls) -> "SlamConfig":
        """Depth from a network: wrong by 10 to 30 % in places, so surfaces are matched generously."""
        return cls(
            depth_is_measured=False,
            keyframes=KeyframeConfig(max_baseline=0.07),
            refinement=RefinementConfig(),
            adjustment=GlobalAdjustmentConfig(),
            fusion=FusionConfig(depth_tolerance=0.2, ambiguity=0.4, doubt=0.7, max_normal_angle_rad=1.0,
                                free_space_margin=0.3),
            loops=LoopConfig(odometry_std=(0.015, 0.03), loop_std=(0.01, 0.03), small=0.1, max_contradiction=0.2),
            verification=VerificationConfig(max_disagreement=0.06, max_log_scale=0.7, depth_tolerance=0.25),
            mesh=MeshConfig(joins_layers=True))
