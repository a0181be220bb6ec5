"""Reads the files of an estate strictly, keeping every place.

In come one file or a folder of YAML; out goes one document with values, positions and findings, checked against the
JSON Schema of its sections. Pure but for reading the files that it is told to read.
"""
