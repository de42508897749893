"""The text of a calibration file, and what YAML makes of it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import yaml

from calib.base.errors import CalibrationError

OPENCV_HEADER = "%YAML:1.0"
"""OpenCV wants this line, which is no YAML, and EuRoC and ORB-SLAM wrote their files for OpenCV."""


class Document:
    """What the readers of formats look at."""

    def __init__(self, text: str):
        self.text = text

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The mapping that the file consists of (of several documents the first). Raises CalibrationError."""
        text = self.text.partition("\n")[2] if self.text.startswith(OPENCV_HEADER) else self.text
        try:
            fields = next(iter(yaml.safe_load_all(text)), None)
        except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: dates that do not exist
            raise CalibrationError(f"this is not YAML: {' '.join(str(error).split())[:200]}") from error
        if not isinstance(fields, dict):
            raise CalibrationError("this is no calibration: it has no `name: value` lines")
        return fields

    @cached_property
    def names(self) -> set[str]:
        """Names of the fields, none where this is not YAML."""
        try:
            return {str(name) for name in self.fields}
        except CalibrationError:
            return set()

    @cached_property
    def rows(self) -> list[list[str]]:
        """The words of each line that is not empty or a remark."""
        lines = (line.strip() for line in self.text.splitlines())
        return [line.split() for line in lines if line and not line.startswith("#")]


def lacking(fields: Mapping[str, Any], *names: str) -> None:
    """Raise CalibrationError where one of the names is missing."""
    missing = [name for name in names if name not in fields]
    if missing:
        raise CalibrationError(f"lacks {', '.join(missing)}")
