"""What schools hold, in the program's own words: people, rooms, groups, classes, memberships, lessons.

In come rows as a connector reads them; out go canonical rows (tuples in the column order of their entity) with a
64-bit digest, or a rejection that names the row. Pure; nothing here knows a supplier.
"""
