"""Many recordings: each one a task of an engine that spreads them over cores and machines."""
