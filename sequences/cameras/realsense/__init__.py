"""RealSense cameras and their recordings, by way of pyrealsense2. Imports calib and the top of sequences."""
