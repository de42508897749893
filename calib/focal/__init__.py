"""The focal length of an unknown camera, from a video that it took."""
