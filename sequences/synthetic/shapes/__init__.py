"""What rooms are made of: patches with a material, solids composed of patches, sources of light."""
