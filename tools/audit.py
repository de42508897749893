#!/usr/bin/env python3
"""Known weaknesses of what requirements.lock pins, by pip-audit, and of how many packages nothing is known.

    python -m tools.audit

Ends with exit code 1 at a weakness, and where the database knows none of the packages: then it was not reached, or the
index in its place has none. pip-audit itself ends with 0 there.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
COMMAND = (sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format", "json", "--requirement")


def main() -> int:
    """-> exit code"""
    answer = subprocess.run([*COMMAND, str(LOCK)], capture_output=True, text=True)
    try:
        packages = json.loads(answer.stdout)["dependencies"]
    except (ValueError, LookupError):
        print(f"audit: pip-audit did not do its work: {' '.join(answer.stderr.split())[-300:]}", file=sys.stderr)
        return 1
    lines, is_good = found(packages)
    print("\n".join(lines))
    return int(not is_good)


def found(packages: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """What pip-audit says of each package -> lines for people, and whether nothing is wrong."""
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    weak = [f"{package['name']} {package['version']}: {weakness['id']}, mended in "
            f"{', '.join(weakness['fix_versions']) or 'no version yet'}"
            for package in packages for weakness in package.get("vulns", [])]
    lines = [*weak, f"{len(packages) - len(skipped)} of {len(packages)} packages looked up, {len(weak)} weaknesses"]
    if skipped:
        lines.append(f"not known to the database: {', '.join(skipped)}")
    return lines, not weak and len(skipped) < len(packages)


if __name__ == "__main__":
    sys.exit(main())
