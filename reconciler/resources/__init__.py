"""Turns the declared estate into desired resources: address, canonical spec, digest, references.

In comes an `Estate`; out goes one `Resource` a declared thing, in stable order. One module a kind, one line each in
`registry.py`. Pure.
"""
