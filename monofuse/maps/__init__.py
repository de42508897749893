"""The map on disk: written while a run goes, read to recover, extend, mesh and export it; docs/map_format.md."""
