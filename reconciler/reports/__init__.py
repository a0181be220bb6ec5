"""Renders what moved and what is wrong: one module a report, one model, four writers.

In come values read through a port; out go self-contained HTML, text, JSON and CSV with the same totals. The same state
and clock give the same bytes.
"""
