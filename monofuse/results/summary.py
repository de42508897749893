"""What a run came to, in a few lines: what people read when it ends. The whole table is for `--verbose`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from calib.base.words import counted
from monofuse.results.report_table import Row, rows_of_errors, rows_of_frames, rows_of_recording, scale_text

STILL_M = 0.02
"""Length of a trajectory below which the camera stood still."""
LATER_FILES = re.compile(r"report\.json|overview\.png|part_.*|recording_.*|mesh\.(mtl|png)")
"""Files that are named last, or not at all where there are many."""
MAX_FILES = 6


def summary_rows(report: Mapping[str, Any], folder: Path, files: Sequence[str], program: str) -> list[Row]:
    """Report -> rows for monofuse.interface.screen.Screen.rows. `files`: names of what was written into `folder`."""
    return [
        ("frames", f"{report['frames']} read, {report['tracked']} tracked, {report['lost']} lost; "
                   f"{_speed(report)}{report['total_s']:.0f} s in all"),
        *rows_of_frames(report),
        *rows_of_recording(report),
        *_rows_of_trajectory(report),
        *_rows_of_mesh(report),
        *rows_of_errors(report),
        ("files", f"{folder}: {_named(files)}"),
        *([("next", f"{program} {folder}")] if report["mesh"] else []),
    ]


def _speed(report: Mapping[str, Any]) -> str:
    """Nothing where maps were merged or recovered, and no frame was tracked anew."""
    return f"{report['fps']:.1f} a second, " if report["fps"] else ""


def _rows_of_trajectory(report: Mapping[str, Any]) -> Iterator[Row]:
    if not report["tracked"]:
        return
    length_m = report["length_m"]
    still = "; the camera hardly moved" if length_m < STILL_M else ""
    yield "trajectory", f"{length_m:.2f} m, {counted(report['keyframes'], 'keyframe')}{_loops(report)}{still}"
    yield "scale", scale_text(report) or "in metres, as the sensor measured"


def _loops(report: Mapping[str, Any]) -> str:
    return f", {counted(report['loops'], 'loop')} closed" if report["loops"] else ""


def _rows_of_mesh(report: Mapping[str, Any]) -> Iterator[Row]:
    mesh = report["mesh"]
    if mesh:
        size = " x ".join(f"{side:.1f}" for side in mesh["size_m"])
        yield "mesh", f"{counted(mesh['triangles'], 'triangle')}, {size} m"


def _named(files: Sequence[str]) -> str:
    first = sorted(files, key=lambda name: (bool(LATER_FILES.fullmatch(name)), files.index(name)))
    more = f" and {len(first) - MAX_FILES} more" if len(first) > MAX_FILES else ""
    return f"{', '.join(first[:MAX_FILES])}{more}"
