"""Matrices that OpenCV's FileStorage wrote: YAML, XML or JSON, under the names that its samples and their kin use.

They are read without OpenCV, whose parser corrupts the memory where some files are damaged.
"""

import re
from typing import Any
from xml.etree import ElementTree

from calib.base.errors import CalibrationError
from calib.formats import named
from calib.formats.document import Document
from calib.geometry.calibration import Calibration


def recognises(document: Document) -> bool:
    return "opencv-matrix" in document.text or "opencv_storage" in document.text


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    fields = _from_xml(document.text) if "<opencv_storage" in document.text else document.fields
    calibration = named.calibration_in(fields)
    if calibration is None:
        raise CalibrationError(f"this has no camera matrix under one of the names {', '.join(named.MATRICES)}")
    return calibration


def _from_xml(text: str) -> dict[str, Any]:
    if re.search(r"<!(DOCTYPE|ENTITY)", text):
        raise CalibrationError("this is damaged: no FileStorage has a DOCTYPE")
    try:
        tree = _value(ElementTree.fromstring(text))
    except (ElementTree.ParseError, RecursionError, ValueError) as error:
        raise CalibrationError(f"this is damaged: {error}") from error
    if not isinstance(tree, dict):
        raise CalibrationError("this is damaged: no names in it")
    return tree


def _value(element: ElementTree.Element) -> Any:
    """Elements with others in them become mappings, the rest the words in it: one, or a list."""
    if len(element):
        return {child.tag: _value(child) for child in element}
    words = (element.text or "").split()
    return words[0] if len(words) == 1 else words
