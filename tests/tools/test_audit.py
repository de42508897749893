"""tools.audit: what pip-audit says, and when that is nothing."""

import pytest

from tools.audit import found

KNOWN = {"name": "numpy", "version": "2.0", "vulns": []}
WEAK = {"name": "pillow", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
SKIPPED = {"name": "torch", "skip_reason": "not found on PyPI"}


@pytest.mark.parametrize("packages, is_good, line", [
    ([KNOWN, SKIPPED], True, "1 of 2 packages looked up, 0 weaknesses"),
    ([KNOWN, WEAK], False, "pillow 1.0: CVE-1, mended in 1.1"),
    ([SKIPPED, SKIPPED], False, "0 of 2 packages looked up, 0 weaknesses"), ([], False, "0 of 0 packages")])
def test_nothing_looked_up_is_not_nothing_found(packages, is_good, line):
    lines, was_good = found(packages)
    assert was_good == is_good and any(each.startswith(line) for each in lines)
