"""The audit trail: append only, each row carrying the hash of the one before it (a chain)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from reconciler.apply.ports import AuditRow
from reconciler.diagnostics import Diagnostic, Diagnostics
from reconciler.store.tables.control import AUDIT, STORE
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.digests import canonical_json

GENESIS = "0" * 64
_PART = 500


def append(connection: Connection, *, at: datetime, actor: Actor, verb: str, subject: str,
           detail: Mapping[str, Any]) -> None:  # fmt: skip
    """Adds a row in the transaction of the change that it tells of; `detail` holds no personal data and no secret.

    The head row is locked until the transaction ends, so that two writers cannot fork the chain.
    """
    sequence, previous = connection.execute(select(STORE.c.audit_sequence, STORE.c.audit_hash).with_for_update()).one()
    row = AuditRow(sequence=sequence + 1, at=at, actor=actor, verb=verb, subject=subject, detail=dict(detail))
    own = chain_hash(row, previous)
    connection.execute(
        insert(AUDIT).values(
            sequence=row.sequence, at=at, actor_name=actor.name, actor_source=actor.source, verb=verb,
            subject=subject, detail=row.detail, previous=previous, hash=own,
        )
    )  # fmt: skip
    connection.execute(update(STORE).values(audit_sequence=row.sequence, audit_hash=own))


def chain_hash(row: AuditRow, previous: str) -> str:
    """SHA-256 over everything in the row and the hash before it."""
    moment = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    told = [previous, row.sequence, moment, row.actor.name, row.actor.source, row.verb, row.subject, row.detail]
    return hashlib.sha256(canonical_json(told)).hexdigest()


def rows(connection: Connection, *, limit: int) -> list[AuditRow]:
    """The latest first."""
    query = select(AUDIT).order_by(AUDIT.c.sequence.desc()).limit(limit)
    return [_row(found) for found in connection.execute(query).mappings()]


def verify(connection: Connection) -> Diagnostics:
    """Walks the whole chain; each finding names the row that was edited, removed, moved or cut off."""
    findings = Diagnostics()
    previous, expected = GENESIS, 1
    for sequence, before, own, row in _walk(connection):
        if sequence != expected:
            findings.add(_broken(expected, f"{sequence - expected} row(s) before row {sequence} are missing"))
        elif before != previous:
            findings.add(_broken(sequence, "it does not follow from the row before it"))
        if row is None or not _is_hash(own, row, before):
            findings.add(_broken(sequence, "its content was changed after it was written"))
        previous, expected = own, sequence + 1
    head, hash_ = connection.execute(select(STORE.c.audit_sequence, STORE.c.audit_hash)).one()
    if expected - 1 != head:
        findings.add(_broken(expected, f"the trail ends at row {expected - 1}, but {head} were written"))
    elif previous != hash_:
        findings.add(_broken(head, "the last row is not the one that was written"))
    return findings


def _walk(connection: Connection) -> Iterator[tuple[int, str, str, AuditRow | None]]:
    """Sequence, hash before, own hash and content of each row; no content where it is no JSON or no time any more."""
    links = select(AUDIT.c.sequence, AUDIT.c.previous, AUDIT.c.hash).order_by(AUDIT.c.sequence)
    part = connection.execute(links.limit(_PART)).all()
    while part:
        last = part[-1].sequence
        contents = _contents(connection, [link.sequence for link in part])
        for sequence, before, own in part:
            yield sequence, before, own, contents.get(sequence)
        part = connection.execute(links.where(AUDIT.c.sequence > last).limit(_PART)).all()


def _contents(connection: Connection, sequences: Sequence[int]) -> dict[int, AuditRow]:
    query = select(AUDIT).where(AUDIT.c.sequence.in_(sequences))
    try:
        return {found["sequence"]: _row(found) for found in connection.execute(query).mappings()}
    except (ValueError, TypeError, AttributeError):  # what the database's own types cannot read
        if len(sequences) == 1:
            return {}
    return {number: row for one in sequences for number, row in _contents(connection, [one]).items()}


def _is_hash(own: str, row: AuditRow, previous: str) -> bool:
    try:
        return own == chain_hash(row, previous)
    except (ValueError, TypeError, AttributeError):  # a value of another type than was written
        return False


def _broken(sequence: int, what: str) -> Diagnostic:
    return Diagnostic(
        code="store.audit_broken", subject=f"audit/{sequence}", message=f"audit row {sequence}: {what}",
        hint="compare with a backup or with the heads that were mailed; someone wrote to the database directly",
    )  # fmt: skip


def _row(found: Mapping[Any, Any]) -> AuditRow:
    return AuditRow(
        sequence=found["sequence"], at=found["at"], actor=Actor(found["actor_name"], found["actor_source"]),
        verb=found["verb"], subject=found["subject"], detail=found["detail"],
    )  # fmt: skip
