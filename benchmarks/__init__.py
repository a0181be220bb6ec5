"""Speed, as ratios to a yardstick measured in the same run, so that a slow machine does not matter.

`python -m benchmarks` (or `make bench`) runs every module of `registry.py` and prints one table.
"""
