"""Resolves references to secrets and makes keyed fingerprints.

In come references (`env:`, `file:`); out go values that never render, or fingerprints that can be compared and stored.
"""
