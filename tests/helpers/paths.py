"""Where this clone lies, and the real recordings beside it, which tests skip without."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
KITCHEN = DATA / "kitchen"
