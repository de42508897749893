"""Bundle adjustment of all keyframes after the last frame."""
