"""What a run leaves behind: files, report, pictures. May import what lies below monofuse, and nothing of its other rooms."""
