"""Calibrating a camera with pictures of a printed board."""
