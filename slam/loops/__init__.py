"""Loop closure: candidates, verification, pose graph."""
