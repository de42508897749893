"""A report as the table that people read on the screen."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from calib.base.words import counted

Row = tuple[str, str]
"""What is told, and its value."""
STILL_M = 0.001
"""Length of a true trajectory below which the camera stands still, so that no scale follows from it."""


def table_rows(report: Mapping[str, Any]) -> list[Row]:
    """Report -> rows for monofuse.interface.screen.Screen.rows."""
    return [
        ("frames", f"{report['frames']} read, {report['tracked']} tracked, {report['lost']} lost"),
        *rows_of_frames(report),
        ("speed", f"{report['fps']:.1f} frames/s"),
        ("map", f"{counted(report['keyframes'], 'keyframe')}, {counted(report['loops'], 'loop')} closed, "
                f"{counted(report['surfels'], 'surfel')}"),
        *_rows_of_predictions(report),
        ("time", f"{report['total_s']:.0f} s in all"),
        *_rows_of_memory(report),
        *rows_of_recording(report),
        *_rows_of_learning(report),
        *_rows_of_scale(report),
        *rows_of_errors(report),
        *((f"  {name}", f"{times['median_ms']:.2f} ms, 95 %: {times['p95_ms']:.2f} ms")
          for name, times in report["stages"].items()),
    ]


def rows_of_frames(report: Mapping[str, Any]) -> Iterator[Row]:
    """What became of frames besides being tracked and lost, where that happened."""
    if report.get("reconnected"):
        yield "reconnected", f"{report['reconnected']} times"
    if report["dropped"]:
        yield "dropped", f"{report['dropped']} older frames of the camera, for newer ones"
    if report["skipped"]:
        yield "skipped", f"{report['skipped']} unreadable images or depth maps"
    if report["waiting"]:
        yield "waiting", f"{report['waiting']} frames for a first one with texture and depth"
    if len(report["submaps"]) > 1:
        apart = sum(part["frames"] for part in report["submaps"][1:])
        yield "parts", f"{apart} frames could not be joined to the rest; they are in part_N files"
    if not report.get("joined_to_map", True):
        yield "apart", ("this recording was not found in the map for sure: what is written shows it alone, in a world "
                        "and scale of its own")
    if report["relocalised"]:
        yield "relocalised", f"{report['relocalised']} times"


def _rows_of_predictions(report: Mapping[str, Any]) -> Iterator[Row]:
    made = report.get("predictions_made", 0)
    if made != report.get("predictions_used", 0):
        yield "predictions", f"{made} made by the network, {report['predictions_used']} used"


def _rows_of_memory(report: Mapping[str, Any]) -> Iterator[Row]:
    if report["peak_memory_mb"] is not None:
        yield "memory", f"{report['peak_memory_mb']:.0f} MB at most"


def rows_of_recording(report: Mapping[str, Any]) -> Iterator[Row]:
    """What a camera's recording holds, where one was made."""
    if "recorded" in report:
        yield "recorded", f"{report['recorded']} frames, {report['left_out_of_recording']} left out"


def _rows_of_learning(report: Mapping[str, Any]) -> Iterator[Row]:
    """What became of a network that learnt, and of the second pass."""
    if report.get("adaptation_rounds"):
        yield "learnt", f"the network learnt this place in {report['adaptation_rounds']} rounds"
    if "kept_pass" in report:
        first, second = report["photometric_cost"], report["photometric_cost_of_second_pass"]
        yield "passes", (f"two, the {'second' if report['kept_pass'] == 2 else 'first'} is kept: the images contradict "
                         f"the first by {first:.3f}, the second by {second:.3f}")


def _rows_of_scale(report: Mapping[str, Any]) -> Iterator[Row]:
    text = scale_text(report)
    if text:
        yield "scale", text


def scale_text(report: Mapping[str, Any]) -> str | None:
    """Where the metres come from and how sure they are; None where a sensor measured them."""
    if "scale_log_std" not in report:
        return None
    log_std = report["scale_log_std"]
    within = "" if log_std is None else f", within {100 * math.expm1(log_std):.2g} %"
    if report["scale_doubtful"]:
        return doubt(report)
    if report["scale_from"] == "network":
        return f"the network's{within}"
    return f"from {report['scale_from']}: {report['scale_times_network']:.3f} times what the network said{within}"


def doubt(report: Mapping[str, Any]) -> str:
    """What is wrong with the metres of a report with `scale_doubtful`, and what to do, in one line."""
    reason = f" ({report['scale_weakness']})" if report["scale_weakness"] else ""
    recorded = "".join(f"--scale {name}, " for name in report["scale_cues"])
    if "joined_to_map" in report:  # a map has its scale, so --scale is not for it
        what = "these are no metres" if report["scale_log_std"] is None else f"metres may be off{_factor(report)}"
        return f"{what}{reason}: `monofuse measure` a known length in the map"
    if report["scale_log_std"] is None:
        return (f"unknown, these are no metres{reason}: give {recorded}--scale height=METRES or another, or `monofuse "
                f"measure` a known length")
    return (f"metres may be off{_factor(report)}{reason}: give {recorded}--scale "
            f"FACTOR, or `monofuse measure` a known length")


def _factor(report: Mapping[str, Any]) -> str:
    return f" by a factor of {math.exp(report['scale_log_std']):.1f}"


def rows_of_errors(report: Mapping[str, Any]) -> Iterator[Row]:
    """Against ground truth and measured depth, where the source has them."""
    if "ate_se3_m" in report and report["path_m"] < STILL_M:
        yield "trajectory error (ATE)", (f"{report['ate_se3_m']:.3f} m; by the ground truth the camera stands still"
                                         f"{_its_file(report)}")
    elif "ate_se3_m" in report:
        yield "trajectory error (ATE)", (
            f"{report['ate_se3_m']:.3f} m, {report['ate_sim3_m']:.3f} m with scale {report['ate_scale']:.3f} allowed; "
            f"{report['path_m']:.1f} m long{_own_length(report)}{_its_file(report)}")
    if "rpe_1s_m" in report:
        yield "drift in 1 s (RPE)", f"{report['rpe_1s_m']:.3f} m, {report['rpe_1s_deg']:.2f} degrees"
    if "depth_rel" in report:
        yield "depth error", (f"{100 * report['depth_rel']:.1f} % mean, {100 * report['depth_delta1']:.0f} % within "
                              f"25 % ({report['depth_images']} images)")


def _own_length(report: Mapping[str, Any]) -> str:
    return f", ours {report['length_ratio']:.2f} times that" if "length_ratio" in report else ""


def _its_file(report: Mapping[str, Any]) -> str:
    return f" ({report['ground_truth']})" if "ground_truth" in report else ""
