"""Rigid motions, cameras, rectification and calibration files. Imports nothing of ours."""
