"""Predicted depth of keyframes, refined by geometry."""
