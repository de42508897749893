"""`python -m depth COMMAND`: what can be done with depth networks besides running SLAM with them."""

import argparse
import sys

from calib.base.errors import BadInputError, MonofuseError
from depth.commands import (
    build,
    calibrate_error,
    evaluate,
    export,
    import_release,
    list_networks,
    predict,
    quantize,
    train,
)

COMMANDS = {"train": train, "evaluate": evaluate, "predict": predict, "calibrate-error": calibrate_error,
            "export": export, "quantize": quantize, "build": build, "list": list_networks, "import": import_release}


def main(argv=None):
    """Run one subcommand; returns the exit code."""
    try:
        arguments = _parser().parse_args(argv)
        for line in arguments.run(arguments) or ():
            print(line)
    except MonofuseError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


class OneLineParser(argparse.ArgumentParser):
    """Mistakes in one line, like every other bad input."""

    def error(self, message):
        raise BadInputError(f"{message}; see {self.prog} --help")


def _parser():
    parser = OneLineParser(prog="python -m depth", description=__doc__.partition(": ")[2])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.HELP, description=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
