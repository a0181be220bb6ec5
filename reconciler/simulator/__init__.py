"""Partner schools on loopback for the demo, the docs and the tests: seeded, of any size, with named faults.

In come a seed and a size; out go a Bromcom-compatible read service and OneRoster folders for the schools of the
example estate. Everybody in them is invented. See `docs/guides/simulator.md`.
"""
