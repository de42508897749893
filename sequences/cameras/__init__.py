"""Live cameras, and the Recorder of what they see. Imports calib, sequences.files and the top of sequences."""
