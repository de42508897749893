"""Image sources. Imports only calib."""
