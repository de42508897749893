"""`python -m depth COMMAND`: what can be done with depth networks besides running SLAM with them."""

import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

from calib.base.command_line import OneLineParser, exit_code, name_of
from depth.commands import (
    average,
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
            "export": export, "quantize": quantize, "build": build, "list": list_networks, "import": import_release,
            "average": average}


def main(argv: Sequence[str] | None = None, program: str = "python -m depth",
         commands: Mapping[str, ModuleType] = COMMANDS) -> int:
    """Run one subcommand -> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: _run(argv, program, commands))


def _run(argv, program, commands):
    arguments = _parser(program, commands).parse_args(argv)
    for line in arguments.run(arguments) or ():
        print(line)


def _parser(program, modules):
    parser = OneLineParser(prog=program, description="what can be done with depth networks besides SLAM")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in modules.items():
        subparser = commands.add_parser(name, help=command.HELP, description=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
