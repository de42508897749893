"""Depth from single images: the estimator interface (estimator.py) and all about networks. Imports calib only."""
