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
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    keyframes: KeyframeConfig = field(default_factory=KeyframeConfig)
    sharpness: SharpnessConfig = field(default_factory=SharpnessConfig)
    dynamic_regions: DynamicRegionConfig = field(default_factory=DynamicRegionConfig)
    """Where depth is measured."""
    alignment: AlignmentConfig = field(default_factory=AlignmentConfig)
    refinement: RefinementConfig | None = None
    """Keyframes' depth by geometry, where it is not measured."""
    fusion: FusionConfig = field(default_factory=FusionConfig)
    surfels: SurfelConfig = field(default_factory=SurfelConfig)
    relocalisation: RelocalisationConfig = field(default_factory=RelocalisationConfig)
    loops: LoopConfig = field(default_factory=LoopConfig)
    adjustment: GlobalAdjustmentConfig | None = None
    """Of all keyframes at once in the end, where depth is not measured; measured depth holds them well enough."""
    verification: VerificationConfig = field(default_factory=VerificationConfig)
    known_scale: ScaleConfig = field(default_factory=ScaleConfig)
    """Of use where depth is not measured."""

    final_map: FinalMapConfig | None = None
    """A map of all keyframes' depth once more, in the end; their images are kept for that."""

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
            verification=VerificationConfig(max_disagreement=0.06, max_log_scale=0.7, depth_tolerance=0.25))
