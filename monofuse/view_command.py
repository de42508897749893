"""`monofuse view RESULT`: a finished result, or a mesh or map, in a browser."""

import argparse
from collections.abc import Sequence

from calib.base.command_line import OneLineParser, exit_code, name_of, path_of
from monofuse.interface.screen import Screen
from monofuse.interface.stop_signal import StopSignal

DESCRIPTION = "Look at a finished result in a browser: mesh, trajectory, keyframes; measure, cut, take pictures."


def main(argv: Sequence[str] | None = None, program: str = "monofuse view") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: run(parse_arguments(argv, program), Screen()))


def parse_arguments(argv: Sequence[str] | None, program: str) -> argparse.Namespace:
    """Raises BadInputError."""
    parser = OneLineParser(prog=program, description=DESCRIPTION)
    parser.add_argument("result", type=path_of, metavar="RESULT",
                        help="folder that a run has written, or a mesh (.glb, .ply) or map.ply")
    parser.add_argument("--viewer-host", metavar="HOST", default="127.0.0.1",
                        help="where to listen (default: 127.0.0.1, for this machine alone)")
    return parser.parse_args(argv)


def run(arguments: argparse.Namespace, screen: Screen) -> None:
    """Show the result until the browser is closed, or Ctrl-C. Raises BadInputError."""
    from monofuse.interface.viewer.presence import Presence
    from monofuse.interface.viewer.result import read_result
    from monofuse.interface.viewer.result_view import ResultView
    from monofuse.interface.viewer.server import serve
    with StopSignal() as stop:
        with screen.status("reading the result"):
            result = read_result(arguments.result)
        served = serve(arguments.viewer_host, "monofuse view")
        presence = Presence(served.viser)
        view = ResultView(served.viser, result, "result")
        for line in served.lines():
            screen.print(line)
        screen.print("           ends when its page is closed, or with Ctrl-C")
        presence.wait_until_closed(lambda: view.closed.is_set() or stop.number is not None)
        served.viser.stop()
