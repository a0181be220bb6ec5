"""Tables of the control loop: the store itself, resources, versions, attachments, held plans, audit."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from reconciler.store.tables.base import METADATA, UtcTime, json_type

# One row. The audit head lies here, so that a cut tail of the audit trail shows.
STORE = Table(
    "store", METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("lineage", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("estate_id", Text, nullable=False),
    Column("rehearsal", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("plan_key", LargeBinary, nullable=False),
    Column("audit_sequence", Integer, nullable=False),
    Column("audit_hash", Text, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)  # fmt: skip

RESOURCE = Table(
    "resource", METADATA,
    Column("address", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("spec", json_type(), nullable=False),
    Column("digest", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("depends_on", json_type(), nullable=False),
)  # fmt: skip

VERSION = Table(
    "version", METADATA,
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("actor_source", Text, nullable=False),
    Column("git_commit", Text, nullable=False),
    Column("plan_digest", Text, nullable=False),
    Column("config_digest", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("counts", json_type(), nullable=False),
)  # fmt: skip

VERSION_CHANGE = Table(
    "version_change", METADATA,
    Column("serial", Integer, ForeignKey("version.serial"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("address", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("before", json_type()),
    Column("before_digest", Text, nullable=False),
    Column("after", json_type()),
    Column("after_digest", Text, nullable=False),
    Column("depends_on", json_type(), nullable=False),
    Column("moved_from", Text, nullable=False),
)  # fmt: skip

ATTACHMENT = Table(
    "attachment", METADATA,
    Column("id", Text, primary_key=True),
    Column("school", Text, nullable=False, index=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("since", Text, nullable=False),
)  # fmt: skip

HELD_PLAN = Table(
    "held_plan", METADATA,
    Column("digest", Text, primary_key=True),
    Column("held_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("actor_source", Text, nullable=False),
    Column("reasons", json_type(), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
)  # fmt: skip

# Append only; each row carries the hash of the one before it.
AUDIT = Table(
    "audit", METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("actor_source", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", json_type(), nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)  # fmt: skip

# Read only when a lock is really held, so a row left by a dead holder misleads nobody. PostgreSQL writes it; beside
# SQLite a small file does the same, since a long write would keep the row out.
LOCK_HOLDER = Table(
    "lock_holder", METADATA,
    Column("name", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("command", Text, nullable=False),
)  # fmt: skip
