"""SLAM: frames with depth in, trajectory and surfel map out; start at `slam.system`."""
