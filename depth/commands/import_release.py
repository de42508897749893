"""`python -m depth import`: the official weights of Laina 2016 as weights of this program."""

import argparse
from pathlib import Path

from depth.commands.output_file import WEIGHTS, check_output
from depth.networks.registry import load_torch

HELP = "convert the official FCRN weights (.npy, TensorFlow checkpoint, MatConvNet .mat)"
NAME = "laina_released"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("release", type=Path, metavar="FILE", help="NYU_ResNet-UpProj.npy or .mat, or NYU_FCRN.ckpt")
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="file to write: .safetensors or .pth")


def run(arguments: argparse.Namespace) -> list[str]:
    """-> one line that says what was written."""
    check_output(arguments.output, WEIGHTS, [arguments.release])
    load_torch("python -m depth import")
    from depth.networks.weights.checkpoint import save_network
    from depth.networks.weights.fcrn_import import import_fcrn
    save_network(arguments.output, NAME, import_fcrn(arguments.release), {"imported_from": arguments.release.name})
    return [f"{arguments.output}: the weights of network {NAME}"]
