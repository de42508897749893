"""Programs that run networks, each a DepthEstimator, listed in catalogue.py. Imports calib, onnx_files and networks.

A new runtime is a class derived from OnnxNetwork (or ImageNetwork) in a file of its own, and a line in the catalogue;
it imports its package when it is opened.
"""
