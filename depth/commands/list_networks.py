"""`python -m depth list`: every network there is."""

import argparse

from depth.networks.registry import NETWORKS

HELP = "show every network: its paper, sizes, what it predicts, parameters"
COLUMNS = ("name", "paper", "input", "output", "predicts", "parameters")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(arguments: argparse.Namespace) -> list[str]:
    """-> a table, one line a network, sizes as width x height."""
    rows = [COLUMNS, *(_row(network) for network in NETWORKS.values())]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [_line(row, widths) for row in rows]


def _row(network):
    return (network.name, network.paper, _size(network.input_size), _size(network.output_size),
            network.predicts.replace("_", " "), f"{network.count_parameters():,}")


def _size(size):
    return f"{size[1]}x{size[0]}"


def _line(row, widths):
    *texts, number = row
    cells = [text.ljust(width) for text, width in zip(texts, widths)]
    return "  ".join((*cells, number.rjust(widths[-1])))
