#!/usr/bin/env python3
"""The papers' networks, each trained on the same small budget, next to what the papers print about them.

    python -m benchmarks.papers DATA [--make3d DIR] [--kitti DIR] [--output DIR] [--imagenet FILE.pth]
                                [--write docs/papers_table.md]

DATA: NYU's labelled training images, as `python -m depth train` takes them; rows of Make3D and KITTI need those. Ctrl-C
stops, a kill costs minutes at most: the same command goes on. DIR then holds papers_table.md, .json and .png, with
--render of what is finished so far.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import papers_page
from benchmarks.papers_folder import TableFolder
from benchmarks.papers_rows import IMAGENET, OTHER_DATA, ROWS, Row
from benchmarks.papers_training import (
    Budget,
    MeanDepth,
    config_of,
    device_for,
    drawn,
    measured,
    median_ms,
    multiplications,
    opened,
    precision_for,
    start_of,
    trained,
    training_size,
)
from benchmarks.papers_watch import Watch, work
from benchmarks.runs import CORES, machine
from calib.base.errors import MonofuseError
from depth.data.catalogue import open_dataset
from depth.evaluation.evaluate import evenly
from depth.networks import registry

DRAWN = 4
"""Validation images in the picture."""


def main(argv: Sequence[str] | None = None) -> int:
    """-> exit code"""
    arguments = parser().parse_args(argv)
    torch.set_num_threads(CORES)
    folder = TableFolder(arguments.output.resolve(), arguments.keep_weights)
    try:
        if not arguments.render:
            fill(folder, arguments)
        render(folder, arguments)
    except MonofuseError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Of the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("--output", type=Path, default=Path("results") / "papers", metavar="DIR")
    parser.add_argument("--steps", type=int, default=160, help="optimiser steps for each network (default: 160)")
    parser.add_argument("--batch", type=int, default=4, help="images per step (default: 4)")
    parser.add_argument("--size", type=size, default=(96, 128), metavar="H,W",
                        help="input of networks that take any size, or `paper` for the papers' own (default: 96,128)")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16", "fp16"),
                        help="of training (default: bf16 where that is fast)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--imagenet", type=Path, metavar="FILE",
                        help="efficientnet-lite0's ImageNet weights, for the row that starts from them")
    for name in OTHER_DATA:
        parser.add_argument(f"--{name}", metavar="DIR", help=f"for the rows that are of {name}")
    parser.add_argument("--keep-weights", action="store_true",
                        help="of every row, in DIR/training, where benchmarks/networks_in_slam.py finds them")
    parser.add_argument("--times", action="store_true", help="measure milliseconds again, as on a machine now idle")
    parser.add_argument("--render", action="store_true", help="write tables and picture of what is finished, no more")
    parser.add_argument("--write", type=Path, metavar="FILE.md", help="a page to put the tables into")
    return parser


def size(text: str) -> tuple[int, int] | None:
    """An argparse type: `96,128` -> (96, 128), `paper` -> None."""
    if text == "paper":
        return None
    height, width = map(int, text.split(","))
    return height, width


def fill(folder: TableFolder, arguments: argparse.Namespace) -> None:
    """Train and measure the rows that are not finished."""
    budget = budget_of(arguments)
    data = {kind: Data(folder, place, kind) for kind, place in (("", budget.data), *budget.other_data.items())}
    nyu = data[""]
    folder.open({**asdict(budget), "size": list(budget.size or ()), "machine": machine(),
                 "data_name": nyu.training.name,
                 "gpu": torch.cuda.get_device_name() if budget.device == "cuda" else "",
                 "training_images": len(nyu.training), "validation_images": len(nyu.validation)})
    rows = [row for row in ROWS if (row.start != IMAGENET or budget.imagenet) and row.data in data]
    done = {name for name, result in folder.results().items() if "error" not in result}
    todo = [row for row in rows if row.name not in done]
    with Watch(todo, {row.name: work(row, budget) for row in todo}) as watch:
        for row in todo:
            watch.begin(row)
            try:
                result, drawing = finished(row, budget, folder, data[row.data], watch)
            except MonofuseError as error:
                result, drawing = {"error": str(error)}, None
            folder.keep(row, {**facts(row, budget), **result}, drawing)
            watch.end(row, result)
    time_networks(folder, rows, arguments.times)


class Data:
    """Images to train on and to measure on, and the file that lists the former."""

    def __init__(self, folder: TableFolder, place: str, kind: str) -> None:
        self.training, self.validation = open_dataset(place, "train"), open_dataset(place, "val")
        self.split = folder.split(self.training.names, kind)


def budget_of(arguments: argparse.Namespace) -> Budget:
    """What every network gets by these arguments."""
    device = device_for(arguments.device)
    return Budget(arguments.data, arguments.steps, arguments.batch, arguments.size,
                  arguments.precision or precision_for(device), arguments.seed, device,
                  arguments.imagenet and str(arguments.imagenet.resolve()),
                  {name: place for name in OTHER_DATA if (place := getattr(arguments, name))})


def time_networks(folder: TableFolder, rows: Sequence[Row], again: bool) -> None:
    """Measure milliseconds of each network where they are not known yet."""
    times = {} if again else folder.times()
    for name in dict.fromkeys(row.network for row in rows if row.network and row.network not in times):
        times[name] = median_ms(registry.find(name))
        folder.keep_times(times)
        print(f"{name:24}{times[name]:8.1f} ms", flush=True)


def finished(row: Row, budget: Budget, folder: TableFolder, data: Data, watch: Watch
             ) -> tuple[dict[str, Any], np.ndarray | None]:
    """Train and measure a row -> what was measured, and, of NYU, depth maps for the picture"""
    validation = data.validation
    if row.network:
        config = config_of(row, budget, data.split, start_of(row, budget, folder.weights))
        estimator = opened(trained(config, folder.training(row.name), budget.device, watch), budget.device)
    else:
        estimator = MeanDepth(data.training)
    if row.data:
        return measured(estimator, validation), None
    samples = [validation[index] for index in evenly(len(validation), DRAWN)]
    return measured(estimator, validation), drawn(estimator, samples)


def facts(row: Row, budget: Budget) -> dict[str, Any]:
    """What is known of a row without training."""
    known = {"row": row.name, "network": row.network, "loss": row.objective, "start": row.start,
             "printed": row.printed, "source": row.source, "data": row.data}
    if row.entry is None:
        return known
    return {**known, "paper": row.entry.paper, "parameters": row.entry.count_parameters(),
            "multiplications": multiplications(row.entry, row.entry.input_size),
            "input": list(training_size(row, budget))}


def render(folder: TableFolder, arguments: argparse.Namespace) -> None:
    """Write tables and picture of what is finished."""
    settings, results = folder.settings(), folder.results()
    if not results:
        raise MonofuseError(f"{folder.folder} holds no finished row: run without --render first")
    tables = papers_page.page(results, settings)
    folder.write_tables(tables, results, settings)
    if arguments.write:
        text = arguments.write.read_text(encoding="utf-8")
        arguments.write.write_text(papers_page.written_into(text, tables, arguments.write), encoding="utf-8")
    validation = open_dataset(arguments.data, "val")
    samples = [validation[index] for index in evenly(len(validation), DRAWN)]
    folder.write_picture(papers_page.picture(samples, folder.drawing, results))
    print(f"{len(results)} of {len(ROWS)} rows in {folder.folder}/papers_table.md, .json and .png")


if __name__ == "__main__":
    sys.exit(main())
