"""The most memory that this process has used."""

import sys
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None

STATUS = Path("/proc/self/status")


def peak_memory_mb() -> float | None:
    """Largest resident size of this process so far, in 2^20 bytes; None on systems that do not tell it."""
    if STATUS.is_file():  # the figure below starts at that of the process which started this one
        peak_kb = next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return round(peak_kb / 2**10, 1)
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS, kilobytes elsewhere
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
