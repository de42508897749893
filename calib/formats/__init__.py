"""Calibration files of other programs, one module each: `recognises(document)` and `read(document) -> Calibration`."""
