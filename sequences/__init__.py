"""Image sources: data sets, cameras, files, and a synthetic room, each a Sequence of Frames. Imports only calib."""
