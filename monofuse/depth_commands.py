"""`monofuse depth COMMAND`: the commands of depth, and the one that needs SLAM too."""

from collections.abc import Sequence

from depth.__main__ import COMMANDS
from depth.__main__ import main as depth_main
from monofuse import adapt_command


def main(argv: Sequence[str] | None = None, program: str = "monofuse depth") -> int:
    """Run one subcommand -> exit code."""
    return depth_main(argv, program, {**COMMANDS, "adapt": adapt_command})
