"""Partner schools on loopback for the demo, the docs and the tests: seeded, of any size, with named faults.

In come a seed and the example estate; out go a Bromcom-compatible read service and OneRoster folders.
"""
