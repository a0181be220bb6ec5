"""Tables of the data loop around the records: transfer log, cursors, journal, issues, held runs."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from reconciler.store.tables.base import METADATA, UtcTime, json_type

# One run of one school and feed. `number` is what records carry as their load: short, and in order of start.
RUN = Table(
    "run", METADATA,
    Column("number", Integer, primary_key=True),
    Column("run", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("school", Text, nullable=False),
    Column("feed", Text, nullable=False),
    Column("attachment", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False, index=True),
    Column("finished_at", UtcTime),
    Column("actor_name", Text, nullable=False),
    Column("actor_source", Text, nullable=False),
    Column("message", Text, nullable=False),
    Index("ix_run_school_feed", "school", "feed"),
)  # fmt: skip

TRANSFER_COUNT = Table(
    "transfer_count", METADATA,
    Column("run", Integer, ForeignKey("run.number"), primary_key=True, autoincrement=False),
    Column("entity", Text, primary_key=True),
    Column("rows_read", Integer, nullable=False),
    Column("rows_new", Integer, nullable=False),
    Column("rows_changed", Integer, nullable=False),
    Column("rows_same", Integer, nullable=False),
    Column("rows_rejected", Integer, nullable=False),
    Column("rows_out_of_scope", Integer, nullable=False),
    Column("rows_left", Integer, nullable=False),
)  # fmt: skip

REJECTED_ROW = Table(
    "rejected_row", METADATA,
    Column("run", Integer, ForeignKey("run.number"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("entity", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("place", Text, nullable=False),
)  # fmt: skip

TRANSFER_NOTE = Table(
    "transfer_note", METADATA,
    Column("run", Integer, ForeignKey("run.number"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
)  # fmt: skip

# `base_run` is the run that last changed the scope.
FEED_STATE = Table(
    "feed_state", METADATA,
    Column("attachment", Text, primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("academic_year", Text, primary_key=True),
    Column("base_run", Text, nullable=False),
    Column("first_import_done", Boolean, nullable=False),
)  # fmt: skip

# `live_rows` is kept by the store itself with every commit, so that nothing ever counts a record table.
FEED_CURSOR = Table(
    "feed_cursor", METADATA,
    Column("attachment", Text, primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("academic_year", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("mapping_version", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("live_rows", Integer, nullable=False),
)  # fmt: skip

# Source ids and digests of all live rows of an entity, packed: what a run without changes reads, and all it reads.
PACKED_DIGESTS = Table(
    "packed_digests", METADATA,
    Column("attachment", Text, primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("academic_year", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("ids", LargeBinary, nullable=False),
    Column("digests", LargeBinary, nullable=False),
)  # fmt: skip

# One row a difference; a first load is one summary row with an empty source_id. `before` holds the former values of
# the changed columns only: personal data, erased with the person.
CHANGE_JOURNAL = Table(
    "change_journal", METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("run", Integer, ForeignKey("run.number"), nullable=False, index=True),
    Column("entity", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("op", Text, nullable=False),
    Column("columns", json_type()),
    Column("before", json_type()),
    Index("ix_change_journal_entity_source_id", "entity", "source_id"),
)  # fmt: skip

DATA_ISSUE = Table(
    "data_issue", METADATA,
    Column("number", Integer, primary_key=True),
    Column("code", Text, nullable=False),
    Column("school", Text, nullable=False),
    Column("feed", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("next_step", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("opened_run", Text, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Column("closed_run", Text, nullable=False),
    Column("reopened", Integer, nullable=False),
    Column("acknowledged_by", Text, nullable=False),
    Column("assigned_to", Text, nullable=False),
    UniqueConstraint("school", "feed", "code", "entity", "record", "field", name="uq_data_issue_identity"),
)  # fmt: skip

# `change_set` holds people: it is erased as soon as the run is no longer held.
HELD_RUN = Table(
    "held_run", METADATA,
    Column("run", Text, primary_key=True),
    Column("number", Integer, ForeignKey("run.number"), nullable=False),
    Column("school", Text, nullable=False),
    Column("attachment", Text, nullable=False),
    Column("feed", Text, nullable=False),
    Column("academic_year", Text, nullable=False),
    Column("held_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("reasons", json_type(), nullable=False),
    Column("status", Text, nullable=False),
    Column("change_set", LargeBinary),
)  # fmt: skip
