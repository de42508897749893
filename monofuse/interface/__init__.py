"""Where a run meets people: terminal, live view, signals. May import what lies below monofuse."""
