"""A coloured mesh from the surfels."""
