"""`python -m depth COMMAND`: what can be done with depth networks besides running SLAM with them."""

import sys
from collections.abc import Sequence

from calib.base.command_line import OneLineParser, exit_code
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand -> exit code."""
    return exit_code("depth", lambda: _run(argv))


def _run(argv):
    arguments = _parser().parse_args(argv)
    for line in arguments.run(arguments) or ():
        print(line)


def _parser():
    parser = OneLineParser(prog="python -m depth", description="what can be done with depth networks besides SLAM")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.HELP, description=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
