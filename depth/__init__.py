"""Depth from single images: the estimator protocol, preprocessing and runtimes. Imports only calib."""
