"""Live cameras, and the Recorder of what they see. Imports calib, sequences.files and the top of sequences.

A new camera derives from OpenCvCamera where OpenCV reads it, else from LiveSequence; sequences.catalogue names it.
"""
