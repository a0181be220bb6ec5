"""A school as a OneRoster 1.1 or 1.2 folder, for schools whose MIS drops files.

In comes a simulated school; out goes a folder of CSV files that is wholly old or wholly new at any moment.
"""

from reconciler.simulator.oneroster.writer import write_school

__all__ = ["write_school"]
