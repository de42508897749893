"""Texture of a mesh from the keyframes' full-size images (after Waechter 2014)."""
