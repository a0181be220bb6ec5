"""The transfer log as values: what moved, how much, with which outcome (VS, rules 61 to 63).

In come the counts of a run; out go entries whose counts are proven to add up. Pure.
"""
