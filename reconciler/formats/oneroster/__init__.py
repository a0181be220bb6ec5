"""OneRoster CSV 1.1 and 1.2, and the School Data Sync 2.1 files that descend from it (`protocols.md` 6.2).

`headers.py` knows the files and their columns, `decoder.py` streams the rows of one, `values.py` reads what stands in
their cells, `manifest.py` what a package says of itself.
"""
