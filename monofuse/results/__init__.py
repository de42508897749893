"""What a run leaves behind: files, report, pictures. Imports configuration and interface, no other room of monofuse."""
