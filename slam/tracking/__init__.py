"""Pose of each frame: image pyramids, direct alignment to a keyframe, relocalisation."""
