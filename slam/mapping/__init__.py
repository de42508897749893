"""The map: keyframes, surfels, fusion and rendering."""
