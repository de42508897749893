"""The content of a calibration file, and what YAML, JSON or plain numbers make of it."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import yaml

from calib.base.errors import CalibrationError
from calib.files.json_text import json_of
from calib.files.yaml_text import yaml_of

OPENCV_HEADER = re.compile(r"\s*%YAML[: ]\s*1\.\d\s*\n")
"""OpenCV wants this line, which is no YAML, and EuRoC and ORB-SLAM wrote their files for OpenCV."""


class Document:
    """What the readers of formats look at."""

    def __init__(self, data: bytes):
        self.data = data
        self.is_text = b"\0" not in data

    @cached_property
    def text(self) -> str:
        """Raises CalibrationError where it is none."""
        try:
            if not self.is_text:
                raise ValueError
            return self.data.decode("utf-8-sig")
        except ValueError as error:
            raise CalibrationError("this is not YAML: it is not even text") from error

    @cached_property
    def tree(self) -> Any:
        """What the file holds as JSON or YAML (of several documents the first). Raises CalibrationError."""
        if self.text.lstrip().startswith(("{", "[{", "[\n")):
            try:
                return json_of(self.text)
            except ValueError:
                pass  # YAML in braces, or damaged: YAML says where
        try:
            return yaml_of(OPENCV_HEADER.sub("", self.text, count=1), _AnyTagLoader, is_first_of_many=True)
        except ValueError as error:
            raise CalibrationError(f"this is not YAML: {error}") from error

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The mapping that the file consists of, or the first of a list of them. Raises CalibrationError."""
        fields = self.tree
        if isinstance(fields, list) and fields:
            fields = fields[0]
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
        """The words of each line that is not empty or a remark; none where this is no text."""
        if not self.is_text:
            return []
        lines = (line.strip() for line in self.text.splitlines())
        return [line.split() for line in lines if line and not line.startswith("#")]


class _AnyTagLoader(yaml.SafeLoader):
    """Takes what has a tag of its own, such as OpenCV's matrices, for what it consists of."""


def _untagged(loader, _, node):
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else node.value


_AnyTagLoader.add_multi_constructor("", _untagged)


def lacking(fields: Mapping[str, Any], *names: str) -> None:
    """Raise CalibrationError where one of the names is missing."""
    missing = [name for name in names if name not in fields]
    if missing:
        raise CalibrationError(f"lacks {', '.join(missing)}")
