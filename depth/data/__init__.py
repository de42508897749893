"""Images with ground truth depth to train and measure on: a file per dataset, listed in catalogue.py, and augmentation.

A new dataset is a class like depth.data.sample.DepthDataset in a file of its own, and a line in the catalogue.
Imports calib, NumPy and OpenCV.
"""
