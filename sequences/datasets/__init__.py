"""Recorded data sets, a module for each layout. Imports calib and the top of sequences.

A new data set derives from RecordedDataset (recorded_dataset.py); sequences.catalogue names it.
"""
