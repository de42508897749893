"""`python -m sequences rooms`: write pictures of synthetic rooms with exact depth, to train depth networks on."""

import argparse
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from calib.base.command_line import OneLineParser, columns_and_rows, exit_code, name_of, whole_number
from calib.base.progress import tracked
from sequences.synthetic.view_files import write_room


def main(argv: Sequence[str] | None = None, program: str = "python -m sequences") -> int:
    """-> exit code. Ctrl-C leaves what is written; the same command goes on from there.

    `program` is how it was started, for the usage and for errors.
    """
    return exit_code(name_of(program), lambda: _run(argv, program))


def _run(argv, program):
    arguments = _parser(program).parse_args(argv)
    write_rooms(arguments)
    print(f"written to {arguments.output}: train with --data views:{arguments.output}")


def write_rooms(arguments: argparse.Namespace) -> None:
    """Render what was asked for, with a bar. Raises OutputError."""
    width, height = arguments.size
    seeds = range(arguments.first, arguments.first + arguments.rooms)
    views = (view for seed in seeds
             for view in write_room(arguments.output, seed, arguments.views, (height, width), arguments.close))
    deque(tracked(views, arguments.rooms * arguments.views, "rendering"), maxlen=0)


def _parser(program):
    parser = OneLineParser(prog=program, description="write pictures of synthetic rooms with exact depth")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    rooms = commands.add_parser("rooms", help="write pictures of synthetic rooms with exact depth")
    rooms.add_argument("--output", type=Path, required=True, metavar="DIR", help="where they go, a folder per room")
    rooms.add_argument("--rooms", type=whole_number(1), default=50, metavar="N", help="how many rooms (default: 50)")
    rooms.add_argument("--first", type=whole_number(1), default=1000, metavar="SEED",
                       help="seed of the first (default: 1000, far from those that people run SLAM in)")
    rooms.add_argument("--views", type=whole_number(1), default=20, metavar="N", help="pictures of each (default: 20)")
    rooms.add_argument("--size", type=columns_and_rows, default=(320, 240), metavar="WxH",
                       help="of pictures (default: 320x240)")
    rooms.add_argument("--close", type=_share, default=0.0, metavar="SHARE",
                       help="how many of them, from 0 to 1, are close-ups of things on furniture (default: 0)")
    return parser


def _share(text):
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError
    return share


if __name__ == "__main__":
    sys.exit(main())
