"""Scale of a map of predicted depth: the network's, or a known one."""
