"""The words that every stage speaks in: school codes, academic years, slots, addresses, digests, UPNs.

In come raw texts; out go frozen values that are valid once built, or a `ValueError` that says what is wrong. Pure.
"""
