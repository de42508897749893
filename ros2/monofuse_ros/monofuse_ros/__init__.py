"""monofuse as a node of ROS 2: `core` and `mailbox` know nothing of ROS, `messages` and `node` do."""
