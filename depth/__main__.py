"""`python -m depth COMMAND`: what can be done with depth networks besides running SLAM with them."""

import argparse
import sys

from calib.errors import MonofuseError
from depth.commands import import_release, list_networks

COMMANDS = {"list": list_networks, "import": import_release}


def main(argv=None):
    """Run one subcommand; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        lines = arguments.run(arguments)
    except MonofuseError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    for line in lines or ():
        print(line)
    return 0


def _parser():
    parser = argparse.ArgumentParser(prog="python -m depth", description=__doc__.partition(": ")[2])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.HELP, description=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
