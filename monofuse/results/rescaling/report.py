"""A rescaled report: what is in metres or says where they come from."""

from collections.abc import Mapping
from typing import Any

FACTORS = ("scale_times_network", "scale_settled_by")
"""Sizes of the map over another size."""
INVERSE_FACTORS = ("ate_scale",)
"""Another size over that of the map."""
LENGTHS = ("length_m", "trajectory_m")
"""Metres of the map."""
OVER = ("ate_se3_m", "rpe_1s_m", "depth_rel", "depth_delta1")
"""Errors in the map's metres, which nobody knows without the ground truth; those with a free scale stay."""


def rescaled_report(report: Mapping[str, Any], factor: float, log_std: float, measured: Mapping[str, Any]
                    ) -> dict[str, Any]:
    """-> report.json of the rescaled result. log_std: of its scale; measured: what it was measured by."""
    changed = {name: value for name, value in report.items() if name not in OVER}
    changed |= {name: round(factor * report[name], 4) for name in FACTORS + LENGTHS if name in report}
    if report.get("mesh"):
        size_m = [round(factor * side_m, 3) for side_m in report["mesh"]["size_m"]]
        changed["mesh"] = report["mesh"] | {"size_m": size_m}
    changed |= {name: round(report[name] / factor, 5) for name in INVERSE_FACTORS if name in report}
    return changed | {"scale_from": "measure", "scale_log_std": round(log_std, 4), "scale_doubtful": False,
                      "scale_weakness": None, "measured": dict(measured)}
