"""Which images with depth a command measures on: the same arguments for each."""

import argparse

from calib.base.command_line import whole_number
from depth.data.catalogue import open_dataset
from depth.data.sample import DepthDataset
from depth.evaluation.protocol import PROTOCOLS, Protocol, protocol_named


def add_data_arguments(parser: argparse.ArgumentParser, split: str = "all") -> None:
    parser.add_argument("--data", required=True, metavar="DIR",
                        help="a folder recognised by its layout, NAME:DIR, or NAME,OPTION=VALUE:DIR")
    parser.add_argument("--split", default=split, metavar="NAME",
                        help=f"images to measure on: train, val, test, all, or a file of names (default: {split})")
    parser.add_argument("--images", type=whole_number(1), metavar="N", help="measure on so many of them, evenly chosen")
    parser.add_argument("--protocol", choices=tuple(PROTOCOLS), help="crop and depth range (default: the dataset's)")


def open_data(arguments: argparse.Namespace) -> tuple[DepthDataset, Protocol]:
    """-> DepthDataset, Protocol. Raises BadInputError."""
    dataset = open_dataset(arguments.data, arguments.split)
    return dataset, protocol_named(arguments.protocol or dataset.protocol)
