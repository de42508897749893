"""Measuring estimators as the papers do: metrics, protocols, expected errors, pictures. Imports depth.data, calib."""
