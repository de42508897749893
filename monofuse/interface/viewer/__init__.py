"""What one sees in a browser: a run while it works, and finished results. May import what lies below monofuse."""
