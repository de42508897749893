"""The tables of the papers' networks as Markdown, from the rows that are finished, and their picture."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.papers_rows import DIFFERENCES, METRICS, ROWS, TABLES, Row, Table
from benchmarks.papers_training import LEARNING
from calib.base.errors import BadInputError
from depth.evaluation.contact_sheet import ComparisonSheet

BEGIN, END = "<!-- tables: written by benchmarks/papers.py -->", "<!-- end of tables -->"
HEADINGS = {"rel": "rel", "rms": "rms m", "log10": "log10", "delta1": "δ1", "delta2": "δ2", "delta3": "δ3"}
PANELS = 3
"""Columns of networks in the picture."""
Results = dict[str, dict[str, Any]]
"""{row name: result} of what is finished."""


def page(results: Results, settings: dict[str, Any]) -> str:
    """Results, and what all rows share -> Markdown."""
    parts = [measured_with(results, settings), difference(settings)]
    for table in TABLES:
        parts += [f"## {table.title}", table.about, table_of(table, results)]
    return "\n\n".join(parts)


def measured_with(results: Results, settings: dict[str, Any]) -> str:
    """One paragraph: machine, data, budget."""
    done = [result for result in results.values() if "error" not in result]
    learning = ", ".join(f"{name} {value}" for name, value in LEARNING.items())
    return (f"Machine: {settings['machine']}; trained on {settings['gpu'] or 'its CPU'}, {settings['precision']}. "
            f"Data: {settings['data_name']}, {settings['training_images']} images to train on, "
            f"{settings['validation_images']} others to measure on. Every network: {settings['steps']} steps of "
            f"{settings['batch']} images, {learning}, seed {settings['seed']}. {len(done)} rows are finished.")


def difference(settings: dict[str, Any]) -> str:
    """Markdown table of what the papers trained on, and what is trained on here."""
    seen = settings["steps"] * settings["batch"]
    here = ("here", f"{settings['training_images']}", f"{seen:,}", "random weights, but for `mobile-imagenet`", "")
    return markdown(("", "training images", "images seen in training", "encoder starts from", "paper's text"),
                    (*DIFFERENCES, here))


def table_of(table: Table, results: Results) -> str:
    """Table -> Markdown lines, `here / paper` in each cell."""
    printed = {name: (values, source) for name, values, source in table.printed}
    header = ("row", "loss", "input", "10⁶ parameters", "10⁹ multiplications", "ms", *HEADINGS.values(),
              "paper's values from")
    return markdown(header, (cells(row, results.get(row), printed.get(row)) for row in table.rows))


def cells(name: str, result: dict[str, Any] | None, printed: tuple[str, str] | None) -> Sequence[str]:
    """One row of a table; only what the paper prints where it is not finished."""
    if result is None:
        row = next((row for row in ROWS if row.name == name), Row(name))
        theirs = (printed[0] if printed else row.printed).split() or ["-"] * len(METRICS)
        source = printed[1] if printed else row.source
        return (name, row.objective, "", "", "", "", *(f"- / {their}" for their in theirs),
                f"{source}; not run yet" if source else "not run yet")
    values, source = printed or (result["printed"], result["source"])
    theirs = values.split() or ["-"] * len(METRICS)
    ours = ["failed"] * len(METRICS) if "error" in result else [f"{result['per_pixel'][m]:.3f}" for m in METRICS]
    both = (f"{mine} / {their}" for mine, their in zip(ours, theirs))
    return (name, result["loss"], *costs(result), *both, source)


def costs(result: dict[str, Any]) -> Sequence[str]:
    """Input, millions of parameters, billions of multiplications, milliseconds; nothing for the mean."""
    if not result["network"]:
        return ("",) * 4
    return ("x".join(map(str, reversed(result["input"]))), f"{result['parameters'] / 1e6:.1f}",
            f"{result['multiplications'] / 1e9:.1f}", f"{result['ms']:.0f}" if result["ms"] else "")


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lines of a Markdown table."""
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in (header, ["---"] * len(header), *rows))


def written_into(text: str, tables: str, path: Path) -> str:
    """The text of a page with what stands between BEGIN and END replaced. Raises BadInputError."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BadInputError(f"{path}: the tables go between the lines {BEGIN} and {END}, which are not both there")
    return f"{before}{begin}\n\n{tables}\n\n{end}{after}"


def picture(samples: Sequence[Any], drawing_of: Callable[[str], np.ndarray], results: Results) -> np.ndarray:
    """Samples, a function from a row's name to its depth (n, h, w), and results -> (H, W, 3) uint8."""
    sheet = ComparisonSheet([(sample.rgb, sample.depth_m) for sample in samples])
    for name, result in results.items():
        if "error" not in result and not result.get("data"):
            sheet.add(drawing_of(name), f"{name}   {result['loss']}   rel {result['per_pixel']['rel']:.3f}")
    return sheet.image(PANELS)
