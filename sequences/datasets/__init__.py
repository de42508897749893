"""Recorded data sets, a module for each layout. Imports calib and the top of sequences."""
