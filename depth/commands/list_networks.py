"""`python -m depth list`: every network that has a name."""

import argparse

from calib.base.errors import MissingPackageError
from depth.hub.known_models import KNOWN_MODELS, licence_line
from depth.networks.registry import NETWORKS
from depth.runtimes.default_network import SHIPPED, shipped_weights

HELP = "show every network: ours and the papers' with their sizes, those of the Hugging Face hub with their licences"
COLUMNS = ("name", "paper", "input", "output", "predicts", "parameters")
SHIPPED_COLUMNS = ("ships as", "trained on", "size")
HUB_COLUMNS = ("name", "model of the hub", "predicts", "licence", "time of one image", "download")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(arguments: argparse.Namespace) -> list[str]:
    """-> three tables, one line a network, sizes as width x height: what ships, what can be trained here, what is
    fetched."""
    return [*_table([SHIPPED_COLUMNS, *(_shipped_row(name, network) for name, network in SHIPPED.items())]), "",
            *_table([COLUMNS, *(_row(network) for network in NETWORKS.values())]), "",
            *_table([HUB_COLUMNS, *(_hub_row(name, model) for name, model in KNOWN_MODELS.items())]), "",
            "Any other model of the hub: --depth ORG/MODEL. Those above are the hub's: their licences hold, and nobody "
            "has tried their weights here."]


def _table(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [_line(row, widths) for row in rows]


def _shipped_row(name, network):
    licence = " (for research)" if network.licence else " (any use)"
    return name, network.trained_on + licence, f"{shipped_weights(name).stat().st_size / 1e6:.1f} MB"


def _hub_row(name, model):
    licence = model.licence + (" (not commercial)" if licence_line(model.licence) else "")
    return name, model.id, model.output, licence, model.speed, f"{model.download_mb:,} MB"


def _row(network):
    return (network.name, network.paper, _size(network.input_size), _size(network.output_size),
            network.predicts.replace("_", " "), _parameters(network))


def _parameters(network):
    try:
        return f"{network.count_parameters():,}"
    except MissingPackageError:
        return "(torch counts)"


def _size(size):
    return f"{size[1]}x{size[0]}"


def _line(row, widths):
    *texts, number = row
    cells = [text.ljust(width) for text, width in zip(texts, widths)]
    return "  ".join((*cells, number.rjust(widths[-1])))
