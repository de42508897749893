"""SLAM with parts of it left out, to measure what each is worth. Each part is an option of run_slam.py."""

from typing import NamedTuple

PARTS = {
    "refinement": ("--set", "refinement=null", "--set", "final_depth=null"),
    "stereo": ("--set", "refinement.neighbours=0"),
    "window": ("--set", f"refinement.window.bundle.solver.min_count={2**62}"),
    "loops": ("--set", "loops.max_waiting=0"),
    "adjustment": ("--set", "adjustment=null"),
    "frames": ("--set", "frame_adjustment=null"),
    "final depth": ("--set", "final_depth=null"),
    "learning": ("--adapt", "off"),
    "second pass": ("--passes", "1"),
}
"""{part: the option that leaves it out}, in the order in which one part builds on the other:

  refinement  keyframes' depth by geometry; without it, a network's depth is fitted to the map and every frame is fused
  stereo      dense stereo between keyframes; without it, a network's depth is bent to the points that images locate
  window      joint adjustment of the last keyframes; without it, they stay where tracking put them, points where a
              search along the epipolar line did, since the solver never has the residuals that it asks for
  loops       loop closure
  adjustment  bundle adjustment of all keyframes after the last frame
  frames      poses of all frames adjusted to the keyframes around them, after that
  final depth the depth of all keyframes again, and a map and mesh of that
  learning    the network learns the recording, and predicts all keyframes again
  second pass SLAM again with the network that has learnt, where that is better
"""


class Setting(NamedTuple):
    """How SLAM is run for a row of a table."""

    name: str
    options: tuple[str, ...] = ()
    """Options of run_slam.py."""


def without(*parts: str) -> tuple[str, ...]:
    """Options of run_slam.py that leave these parts out. A stage is set to null after its fields, which would switch it
    on again."""
    return tuple(word for part in reversed(PARTS) if part in parts for word in PARTS[part])


WHOLE = Setting("all")
ABLATION = (Setting("prior", without(*PARTS)),
            *(Setting(f"+ {part}", without(*list(PARTS)[count:])) for count, part in enumerate(PARTS, 1)))
"""SLAM built up part by part."""
