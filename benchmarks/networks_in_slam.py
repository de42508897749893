#!/usr/bin/env python3
"""Depth networks compared by what SLAM makes of them, as Laina 2016, section 4.4 and figure 6, compares them by eye.

    python -m benchmarks.networks_in_slam SEQUENCE_DIR ... [--network FILE [NAME=VALUE ...]] ... [--folder DIR ...]
                                          [--noise N] [--learning] [--fused] [--write FILE.md] [OPTION ...]

Recordings in TUM layout with measured depth. Networks: those that ship, each --network (.onnx or .safetensors, with
the options that its yaml does not say, as for --depth-option), and all in each --folder or below, such as those that
`benchmarks/papers.py --keep-weights` leaves in DIR/training. An OPTION is one of run_slam.py. Networks are taken as
they come: none learns the recording, unless --learning says so. With --fused, SLAM is that of the paper instead: depth
maps are fused as they are predicted, and nothing corrects them (benchmarks/ablation.py); frames are tracked against
keyframes all the same, where the paper tracks each against the one before. With --noise, each figure is the mean of the
recording and of N copies with noise added to the images (benchmarks/variants.py), since single runs are noisy.

Every run stays in --output and is not repeated with the same weights and options: the same command goes on where it was
stopped. ATE, mesh, depth: see benchmarks/scoreboard.py. Prior: the network's own depth of keyframes; its scale is what
it has to be multiplied by.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import scoreboard
from benchmarks.ablation import PARTS, without
from benchmarks.runs import machine, run_slam
from benchmarks.variants import noisy
from calib.base.command_line import exit_code, name_and_value, path_of, whole_number
from calib.base.errors import BadInputError
from calib.files.atomic_file import write_file
from depth.runtimes.default_network import SHIPPED, shipped_weights

WEIGHTS = (".onnx", ".safetensors")
LEARNING = ("learning", "second pass")
"""Parts of SLAM without which a network stays as it came."""
COLUMNS: dict[str, Callable[[Mapping[str, float]], str]] = {
    "ATE Sim(3) / SE(3), m": lambda f: f"{f['ate_sim3_m']:.3f} / {f['ate_se3_m']:.3f}",
    "scale": lambda f: f"{f['ate_scale']:.2f}",
    "mesh within 10 %, Sim(3) / own metres": lambda f: f"{f['mesh_within_10pct_sim3']:.3f} / "
                                                       f"{f['mesh_within_10pct_se3']:.3f}",
    "prior: AbsRel / δ1": lambda f: f"{f['network.absrel']:.3f} / {f['network.delta1']:.3f}",
    "its scale": lambda f: f"{f['network.scale']:.2f}",
    "its AbsRel, a scale per image": lambda f: f"{f['network.absrel_per_image']:.3f}",
    "ms a prediction": lambda f: f"{f['prediction_ms']:.0f}",
    "frames/s": lambda f: f"{f['fps']:.0f}",
}
HEAD = """# Depth networks inside SLAM

The same SLAM with one depth network after the other, written by `python -m benchmarks.networks_in_slam`, whose
docstring says how it is measured. ATE: root mean square of positions after alignment with scale / without. Scale: what
the result's metres have to be multiplied by. Mesh: share of measured depth pixels within 10 %, seen from the true
cameras. Prior: the network's own depth of the keyframes, after one scale for the recording.
"""
NEEDED = ("ate_sim3_m", "ate_se3_m", "ate_scale", "mesh_within_10pct_sim3", "mesh_within_10pct_se3", "fps")
"""Figures that every run has."""


class DepthNetwork(NamedTuple):
    """A network with weights, and how it is given to run_slam.py."""

    name: str
    weights: Path
    options: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("sequences", nargs="+", type=Path, metavar="SEQUENCE_DIR")
    parser.add_argument("--network", nargs="+", action="append", default=[], metavar=("FILE", "NAME=VALUE"))
    parser.add_argument("--folder", nargs="+", type=Path, default=[], metavar="DIR")
    parser.add_argument("--noise", type=whole_number(1), default=0, metavar="N", help="also N noisy copies of each")
    parser.add_argument("--learning", action="store_true", help="networks learn the recording, where they can")
    parser.add_argument("--fused", action="store_true", help="depth is fused as predicted, as in the paper")
    parser.add_argument("--output", type=path_of, default=Path("results") / "networks_in_slam", metavar="DIR")
    parser.add_argument("--write", type=path_of, metavar="FILE.md", help="also write a page with the tables there")
    arguments, options = parser.parse_known_args()
    networks = list(found(arguments.network, arguments.folder))
    lines: list[str] = [*HEAD.splitlines(), ""]
    for line in tables(arguments, networks, options):
        print(line, flush=True)
        lines.append(line)
        if arguments.write:
            write_file(arguments.write, ("\n".join(lines) + "\n").encode())


def found(given: Sequence[Sequence[str]], folders: Sequence[Path]) -> Iterator[DepthNetwork]:
    """The networks that ship, those given as [FILE, NAME=VALUE, ...], those in folders. Raises BadInputError."""
    for name in SHIPPED:
        yield DepthNetwork(name, shipped_weights(name), ("--depth", name))
    for file, *values in given:
        if not Path(file).is_file():
            raise BadInputError(f"--network {file}: no such file")
        for value in values:
            name_and_value(value)
        yield network_in(Path(file), values)
    for folder in folders:
        files = sorted(path for path in folder.rglob("*")
                       if path.suffix in WEIGHTS and not path.stem.endswith("-last"))  # beside the best of a training
        if not files:
            raise BadInputError(f"--folder {folder}: no {' or '.join(WEIGHTS)} files there")
        yield from (network_in(path, ()) for path in files)


def network_in(path: Path, values: Sequence[str]) -> DepthNetwork:
    """A file of weights with options of its own; benchmarks/papers.py calls the folder of each as its row."""
    name = path.parent.name if path.parent.parent.name == "training" else path.stem
    return DepthNetwork(name, path, ("--depth", str(path), *chain.from_iterable(("--depth-option", v) for v in values)))


def tables(arguments: argparse.Namespace, networks: Sequence[DepthNetwork], options: Sequence[str]) -> Iterator[str]:
    """Lines of Markdown, a table for each recording, each as soon as it is measured."""
    yield (f"monofuse {scoreboard.version()}; {machine()}; "
           f"{'depth fused as predicted' if arguments.fused else 'whole SLAM'}, networks "
           f"{'that learn the recording' if arguments.learning else 'as they come'}; {1 + arguments.noise} runs each; "
           f"options: {' '.join(options) or 'none'}")
    for recording in arguments.sequences:
        yield from ("", f"### {recording.resolve().name}", "", row("network", *COLUMNS),
                    row(*["---"] * (1 + len(COLUMNS))))
        for network in networks:
            runs = figures_of_runs(recording, network, arguments, options)
            cells = [scoreboard.cell(column, mean(runs)) for column in COLUMNS.values()] if runs else ["failed"]
            yield row(network.name, *cells)


def figures_of_runs(recording: Path, network: DepthNetwork, arguments: argparse.Namespace, options: Sequence[str]
                    ) -> list[dict[str, float]]:
    """Figures of the run over a recording and of those over its noisy copies; empty where one fails, which is told."""
    folder = arguments.output / recording.resolve().name / (
        network.name + "-fused" * arguments.fused + "-learning" * arguments.learning)
    try:
        return [figures(variant, folder / str(number), network, arguments, options)
                for number, variant in enumerate(chain([recording], noisy(recording, arguments.noise)))]
    except SystemExit as failed:  # of a run, with what it printed
        print(f"{network.name}, {recording.name}: {failed}", file=sys.stderr)
        return []


def figures(recording: Path, results: Path, network: DepthNetwork, arguments: argparse.Namespace,
            options: Sequence[str]) -> dict[str, float]:
    """One run, unless the figures of the same one lie there from before."""
    learning = without(*PARTS) if arguments.fused else () if arguments.learning else without(*LEARNING)
    given = [*network.options, *learning, *options]
    same = {"options": given, "weights": hashlib.sha256(network.weights.read_bytes()).hexdigest()}
    kept = scoreboard.read_json(results / "figures.json")
    if kept.get("run") != same:
        if arguments.fused:
            run_slam(recording, *given, keep=results)
        else:
            scoreboard.run(recording, results, given)
        kept = {"run": same, "figures": summary(recording, results)}
        (results / "figures.json").write_text(json.dumps(kept, indent=1))
    return kept["figures"]


def summary(recording: Path, results: Path) -> dict[str, float]:
    """What the columns show of a finished run."""
    known: dict[str, Any] = scoreboard.figures(recording, results)
    stages = scoreboard.read_json(results / "report.json")["stages"]
    prior = {f"network.{name}": value for name, value in known.get("network", {}).items()}
    return {name: known[name] for name in NEEDED} | {"prediction_ms": stages["network"]["median_ms"]} | prior


def mean(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each figure; of scales, the geometric mean."""
    return {name: float(np.exp(np.mean(np.log([run[name] for run in runs])))) if name.endswith("scale")
            else float(np.mean([run[name] for run in runs])) for name in runs[0]}


def row(*cells: str) -> str:
    """A line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(exit_code("networks_in_slam", main))
