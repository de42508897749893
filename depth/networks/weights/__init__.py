"""Weights in files: ours, torch's, and those of published releases. Imports depth.networks, and torch when loaded."""
