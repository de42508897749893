"""Figures that others have published, each with its source and protocol. Nothing here is measured by us.

All are RMSE of positions after Sim(3) alignment, in metres, as printed in the table that `source` names. The figures
were taken from transcriptions of those tables, and kept where two of them agreed; `note` says where there was only one.
"""

from typing import NamedTuple


class Published(NamedTuple):
    """A row of a published table."""

    method: str
    is_calibrated: bool
    """Whether the camera was known to it."""
    figures: dict[str, float | None]
    """ATE by sequence; None where the method failed; `mean` where the paper prints one."""
    source: str
    note: str = ""


VGGT_SLAM = "VGGT-SLAM, arXiv 2505.12549, table {}"
ROOMS = ("360", "desk", "desk2", "floor", "plant", "room", "rpy", "teddy", "xyz", "mean")
SCENE_NAMES = ("chess", "fire", "heads", "office", "pumpkin", "kitchen", "stairs", "mean")
ONE = "from one transcription"


def _row(names: tuple[str, ...], *figures: float | None) -> dict[str, float | None]:
    return dict(zip(names, figures))


TUM = VGGT_SLAM.format(2)
SCENES = VGGT_SLAM.format(1)
PUBLISHED: dict[str, tuple[Published, ...]] = {
    "tum": (
        Published("ORB-SLAM3", True, _row(ROOMS, None, 0.017, 0.210, None, 0.034, None, None, None, 0.009, None),
                  "SLAM-Former, its table of TUM RGB-D", ONE),
        Published("DROID-SLAM", True, _row(ROOMS, .111, .018, .042, .021, .016, .049, .026, .048, .012, .038), TUM),
        Published("DPV-SLAM", True, _row(ROOMS, .112, .018, .029, .057, .021, .330, .030, .084, .010, .076),
                  "SLAM-Former, its table of TUM RGB-D", ONE),
        Published("DPV-SLAM++", True, _row(ROOMS, .132, .018, .029, .050, .022, .096, .032, .098, .010, .054), TUM),
        Published("MASt3R-SLAM", True, _row(ROOMS, .049, .016, .024, .025, .020, .061, .027, .041, .009, .030), TUM),
        Published("MASt3R-SLAM", False, _row(ROOMS, .070, .035, .055, .056, .035, .118, .041, .114, .020, .060), TUM),
        Published("VGGT-SLAM", False, _row(ROOMS, .071, .025, .040, .141, .023, .102, .030, .034, .014, .053), TUM),
        Published("VGGT-SLAM 2.0", False, _row(ROOMS, .050, .025, .029, .102, .026, .063, .026, .038, .014, .041),
                  "VGGT-SLAM 2.0, arXiv 2601.19887, its table of TUM RGB-D")),
    "7scenes": (
        Published("DROID-SLAM", True, _row(SCENE_NAMES, .036, .027, .025, .066, .127, .040, .026, .049), SCENES),
        Published("MASt3R-SLAM", True, _row(SCENE_NAMES, .053, .025, .015, .097, .088, .041, .011, .047), SCENES),
        Published("MASt3R-SLAM", False, _row(SCENE_NAMES, .063, .046, .029, .103, .114, .074, .032, .066), SCENES, ONE),
        Published("VGGT-SLAM", False, _row(SCENE_NAMES, .036, .028, .018, .103, .133, .058, .093, .067), SCENES, ONE)),
    "euroc": tuple(Published(method, is_calibrated, {"mean": mean}, "AIM-SLAM, its table 2", ONE)
                   for method, is_calibrated, mean in (
                       ("DROID-SLAM", True, .022), ("DPV-SLAM", True, .024), ("MASt3R-SLAM", True, .041),
                       ("MASt3R-SLAM", False, .164))),
    "kitti": (Published("AMB3R-SLAM", False, {"mean": 13.11}, "AMB3R-SLAM, arXiv 2609.19518", ONE),),
}
"""By data set. Of the others no table could be found that names its protocol."""
RECONSTRUCTION = {"7scenes": (
    ("DROID-SLAM", True, .141, .048, .094), ("MASt3R-SLAM", True, .089, .085, .087),
    ("MASt3R-SLAM", False, .068, .045, .056), ("VGGT-SLAM", False, .052, .058, .055))}
"""(method, is calibrated, accuracy, completion, chamfer) in metres, of VGGT-SLAM's table 3, mean of the seven scenes;
from one transcription."""
RECONSTRUCTION_SOURCE = VGGT_SLAM.format(3)
