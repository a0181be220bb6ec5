"""Which scope each run changed, so that a run can be undone, the latest first."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from reconciler.store.tables.base import METADATA

# One row a run that changed records. `undone_by` is the run that undid it, empty while it stands.
RUN_CHANGE = Table(
    "run_change", METADATA,
    Column("run", Integer, ForeignKey("run.number"), primary_key=True, autoincrement=False),
    Column("attachment", Text, nullable=False),
    Column("feed", Text, nullable=False),
    Column("academic_year", Text, nullable=False),
    Column("undone_by", Text, nullable=False),
    Index("ix_run_change_scope", "attachment", "feed", "academic_year"),
)  # fmt: skip
