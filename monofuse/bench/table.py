"""The figures of a benchmark as Markdown and CSV, beside those that others have published."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monofuse.bench.dataset import Dataset
from monofuse.bench.published import PUBLISHED, RECONSTRUCTION, RECONSTRUCTION_SOURCE

Scores = dict[str, list[dict[str, Any]]]
"""By sequence: the figures of each of its runs (the recording itself first, then its noisy copies)."""
SHOWN = {"ate_sim3_m": "ATE Sim(3), m", "ate_se3_m": "ATE SE(3), m", "ate_scale": "scale",
         "keyframes_ate_sim3_m": "keyframes, ATE Sim(3), m", "keyframes_ate_se3_m": "keyframes, ATE SE(3), m",
         "sfm_ate_sim3_m": "ATE Sim(3) by COLMAP's poses, m", "sfm_ate_se3_m": "ATE SE(3) by COLMAP's poses, m",
         "coverage": "frames with a pose", "accuracy_m": "accuracy, m", "completion_m": "completion, m",
         "accuracy_rmse_m": "accuracy, RMSE to 0.5 m", "completion_rmse_m": "completion, RMSE to 0.5 m",
         "chamfer_m": "chamfer, m", "completion_ratio": "completion within 5 cm", "f_score": "F-score at 5 cm",
         "fps": "frames/s", "peak_memory_mb": "memory, MB"}
PROTOCOL = """ATE: root mean square of the distances of matched positions after alignment by Sim(3) or SE(3) (Umeyama),
over all frames with a pose, and over keyframes alone. `scale`: what Sim(3) had to multiply by. Mesh: 200,000 points
sampled on it, aligned by positions and orientations of all cameras with the scale of Sim(3), against at most 200,000
points of measured depth carried into the world by the true poses (about 60 depth maps, to 8 m)."""


def markdown(dataset: Dataset, name: str, scores: Scores, machine: str) -> str:
    """Tables for people: ours, one row a figure; ATE beside published figures; reconstruction likewise."""
    figures = [key for key in SHOWN if any(key in run for runs in scores.values() for run in runs)]
    copies = max(map(len, scores.values()), default=1)
    spread = f" Mean and lowest to highest of the recording and {copies - 1} noisy copies." if copies > 1 else ""
    ours = _table(["", *scores, "mean"], [[SHOWN[key], *(_cell(_values(runs, key)) for runs in scores.values()),
                                           _mean(scores, key)] for key in figures])
    parts = [f"# {dataset.title}", PROTOCOL + spread, machine, ours, *_published(name, scores)]
    return "\n\n".join(parts) + "\n"


def _published(name: str, scores: Scores) -> list[str]:
    """ATE after Sim(3) of others, then of ours; accuracy, completion and chamfer where there are published ones."""
    rows = PUBLISHED.get(name, ())
    if not rows:
        return ["No published figures are held for this data set: none could be found with source and protocol."]
    columns = list(dict.fromkeys([*(key for row in rows for key in row.figures if key != "mean"), "mean"]))
    body = [[row.method, "yes" if row.is_calibrated else "no", *(_figure(row.figures, key) for key in columns),
             f"{row.source}{f' ({row.note})' if row.note else ''}"] for row in rows]
    mine = [_cell(_values(scores.get(key, []), "ate_sim3_m")) for key in columns if key != "mean"]
    body.append(["monofuse", "as above", *mine, _mean({key: scores.get(key, []) for key in columns if key != "mean"},
                                                      "ate_sim3_m"), "this run"])
    parts = ["## ATE after Sim(3) in metres, beside published figures",
             _table(["method", "camera known", *columns, "source"], body)]
    if name in RECONSTRUCTION:
        others = [[method, "yes" if known else "no", *map(str, figures), RECONSTRUCTION_SOURCE]
                  for method, known, *figures in RECONSTRUCTION[name]]
        parts += ["## Reconstruction in metres, mean of the sequences", _table(
            ["method", "camera known", "accuracy", "completion", "chamfer", "source"],
            [*others, ["monofuse", "as above", *(_mean(scores, key) for key in
                                                 ("accuracy_rmse_m", "completion_rmse_m", "chamfer_m")), "this run"]])]
    return parts


def csv_text(scores: Scores) -> str:
    """All figures, one row for each run."""
    rows = [{"sequence": name, "copy": number, **run} for name, runs in scores.items()
            for number, run in enumerate(runs)]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _values(runs: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    return [run[key] for run in runs if key in run]


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    mean = f"{np.mean(values):.4g}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.4g} to {max(values):.4g})"


def _mean(scores: Scores, key: str) -> str:
    """Over sequences; empty unless all have the figure, since a mean of some is comparable with nothing."""
    means = [np.mean(values) for runs in scores.values() if (values := _values(runs, key))]
    return f"{np.mean(means):.4g}" if means and len(means) == len(scores) else ""


def _figure(figures: Mapping[str, float | None], key: str) -> str:
    if key not in figures:
        return ""
    figure = figures[key]
    return "failed" if figure is None and key != "mean" else "" if figure is None else f"{figure:g}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows))
