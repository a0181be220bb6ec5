"""The schema's history: numbered migrations, never edited once released.

In comes a connection with an open transaction; out goes a schema at the newest revision. `REVISIONS` lists them all,
so that opening a store needs no Alembic.
"""

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
HEAD = REVISIONS[-1]
VERSION_TABLE = "schema_version"
