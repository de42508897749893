"""The state of a run in words that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slam.system import FrameResult

STATUS_COLOURS = {"tracked": (60, 200, 90), "relocalised": (240, 200, 40), "waiting": (160, 160, 160),
                  "lost": (230, 60, 50)}


def state_of(result: FrameResult, is_paused: bool = False) -> str:
    """One line for the user."""
    if is_paused:
        return "paused"
    if result.status == "lost":
        return "lost: turn back to where you were"
    if result.status == "waiting":
        return "waiting: show something with texture, and keep the camera steady"
    if result.is_doubtful:
        return "doubtful: much of the view moves; keep people out of it"
    return "relocalised: the place is known again" if result.status == "relocalised" else "tracking"


def numbers(rows: dict[str, str]) -> str:
    """Names and values as a table in Markdown."""
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])
