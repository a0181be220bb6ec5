"""The wire of the Bromcom third-party read service (`protocols.md` 1.2-1.7).

`encoder.py` writes the four kinds of request, `filters.py` the T-SQL fragments inside them, `decoder.py` streams the
rows of a DataSet out of an answer, and `faults.py` tells what a fault means.
"""
