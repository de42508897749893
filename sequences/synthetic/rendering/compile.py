"""How the loops that build and draw rooms are compiled, in one place."""

from pathlib import Path

from calib.base.kernel_cache import cached_njit

_FOLDER, _OPTIONS = Path(__file__).parent, {"nogil": True, "error_model": "numpy"}

kernel = cached_njit(_FOLDER, **_OPTIONS)
"""A loop called from Python, or a part of one."""

inline = cached_njit(_FOLDER, inline="always", **_OPTIONS)
"""A part of a loop that must not cost a call, nor pass its many arrays on."""
