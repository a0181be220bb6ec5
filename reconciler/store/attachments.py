"""Attachments: a school under a Data Exchange Key, and what becomes of its rows (VS, rules 24 to 29)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, func, insert, select, update

from reconciler.apply.ports import AttachmentChange
from reconciler.errors import Refused, StalePlan, UnknownName
from reconciler.plan.state import Attachment, AttachmentStatus
from reconciler.store import runs
from reconciler.store.tables.academic import (
    ACADEMIC_CURSOR,
    ACADEMIC_HELD,
    ACADEMIC_PARKED,
    ACADEMIC_RECORDS,
    ACADEMIC_STATE,
)
from reconciler.store.tables.control import ATTACHMENT, RESOURCE
from reconciler.store.tables.exports import EXPORT_INTENT, EXPORT_ITEM, EXPORT_STATE
from reconciler.store.tables.records import RECORDS
from reconciler.store.tables.runs import FEED_CURSOR, FEED_STATE, HELD_RUN, PACKED_DIGESTS
from reconciler.store.tables.undo import RUN_CHANGE
from reconciler.vocabulary.feeds import HUB
from reconciler.vocabulary.suggestions import did_you_mean

_LIVE = AttachmentStatus.LIVE.value
_RETAINED = AttachmentStatus.RETAINED.value


def attachment_id(school: str, fingerprint: str) -> str:
    """`CODE:fingerprint12` for a partner, `CODE` for a school that is none."""
    return f"{school}:{fingerprint[:12]}" if fingerprint else school


def live_attachment(connection: Connection, school: str) -> str:
    """The id of the school's live attachment. Raises UnknownName."""
    query = select(ATTACHMENT.c.id).where(ATTACHMENT.c.school == school, ATTACHMENT.c.status == _LIVE)
    found = connection.execute(query).scalar()
    if found is None:
        known = connection.execute(select(ATTACHMENT.c.school).where(ATTACHMENT.c.status == _LIVE)).scalars()
        raise UnknownName(
            "store.unknown_attachment", f"school {school} is not part of the applied estate",
            hint=did_you_mean(school, known) or "declare it under schools: and apply", subject=f"school.{school}",
        )  # fmt: skip
    return str(found)


def require_live(connection: Connection, attachment: str, school: str) -> None:
    """Refuses rows of a school that was set aside while they were read or waited (VS, rules 19 and 26).

    It is called behind the audit row: the lock on the head of the trail lets it take turns with an apply. Raises
    StalePlan.
    """
    status = connection.execute(select(ATTACHMENT.c.status).where(ATTACHMENT.c.id == attachment)).scalar()
    if status != _LIVE:
        raise StalePlan(
            "store.set_aside",
            f"{school} was removed, or attached under another Data Exchange Key, before these rows were stored; "
            "nothing was changed",
            hint="look at what was applied with: reconcile state log; a school that is still a partner is synced again",
            subject=f"school.{school}",
        )


def read_attachments(connection: Connection) -> tuple[Attachment, ...]:
    """All, by id, with their live rows in the feed `hub`."""
    totals = (
        select(FEED_CURSOR.c.attachment, FEED_CURSOR.c.entity, func.sum(FEED_CURSOR.c.live_rows))
        .where(FEED_CURSOR.c.feed == HUB)
        .group_by(FEED_CURSOR.c.attachment, FEED_CURSOR.c.entity)
        .order_by(FEED_CURSOR.c.attachment, FEED_CURSOR.c.entity)
    )
    rows: dict[str, dict[str, int]] = {}
    for attachment, entity, live in connection.execute(totals):
        if live:
            rows.setdefault(attachment, {})[entity] = int(live)
    return tuple(
        Attachment(
            id=a.id, school=a.school, fingerprint=a.fingerprint, status=AttachmentStatus(a.status), number=a.number,
            rows=rows.get(a.id, {}), since=a.since,
        )
        for a in connection.execute(select(ATTACHMENT).order_by(ATTACHMENT.c.id))
    )  # fmt: skip


def change_attachments(connection: Connection, changes: Iterable[AttachmentChange], on: date) -> None:
    """Carries out what a plan says about attachments; every school in the estate ends with one that is live."""
    since = on.isoformat()
    for change in changes:
        if change.op not in _STEPS or not change.fingerprint:
            raise Refused(
                "store.attachment_without_key",
                f"school {change.school} cannot be attached: its Data Exchange Key is not known here",
                hint="make the secret that `data_exchange_key:` names readable for this apply",
                subject=f"partner.{change.school}",
            )
        _STEPS[change.op](connection, change, since)
    _complete_schools(connection, since)


def _attach(connection: Connection, change: AttachmentChange, since: str) -> None:
    own = attachment_id(change.school, change.fingerprint)
    if connection.execute(select(ATTACHMENT.c.id).where(ATTACHMENT.c.id == own)).scalar() is not None:
        _reattach(connection, change, since)
        return
    _set_aside(connection, change.school, since)
    _insert(connection, change.school, change.fingerprint, since)


def _retain(connection: Connection, change: AttachmentChange, since: str) -> None:
    _set_status(connection, change, AttachmentStatus.RETAINED, since)
    _drop_held(connection, attachment_id(change.school, change.fingerprint), "superseded by the removal of the partner")


def _orphan(connection: Connection, change: AttachmentChange, since: str) -> None:
    _set_status(connection, change, AttachmentStatus.ORPHANED, since)
    _drop_held(connection, attachment_id(change.school, change.fingerprint), "superseded by another Data Exchange Key")


def _reattach(connection: Connection, change: AttachmentChange, since: str) -> None:
    _set_aside(connection, change.school, since)
    _set_status(connection, change, AttachmentStatus.LIVE, since)
    own = attachment_id(change.school, change.fingerprint)
    connection.execute(update(ATTACHMENT).where(ATTACHMENT.c.id == own).values(number=ATTACHMENT.c.number + 1))


def _rekey(connection: Connection, change: AttachmentChange, since: str) -> None:
    """The same school under a new key: its rows, cursors and digests move; nothing is loaded again."""
    old = attachment_id(change.school, change.old_fingerprint)
    new = attachment_id(change.school, change.fingerprint)
    taken = connection.execute(select(ATTACHMENT.c.id).where(ATTACHMENT.c.id == new)).scalar()
    if taken is not None:
        raise Refused(
            "store.attachment_taken",
            f"school {change.school} has already been attached under the key that it is to move to",
            hint="take `replaces:` out, so that the earlier rows are attached again",
            subject=f"partner.{change.school}",
        )
    moved = connection.execute(
        update(ATTACHMENT).where(ATTACHMENT.c.id == old).values(id=new, fingerprint=change.fingerprint, since=since)
    )
    if not moved.rowcount:
        raise _unknown(change)
    feeds, exports = (FEED_STATE, FEED_CURSOR, PACKED_DIGESTS, RUN_CHANGE), (EXPORT_ITEM, EXPORT_INTENT, EXPORT_STATE)
    academic = (*ACADEMIC_RECORDS.values(), ACADEMIC_STATE, ACADEMIC_CURSOR, ACADEMIC_PARKED)
    for table in (*RECORDS.values(), *feeds, *exports, *academic):
        connection.execute(update(table).where(table.c.attachment == old).values(attachment=new))
    connection.execute(update(EXPORT_ITEM).where(EXPORT_ITEM.c.origin == old).values(origin=new))
    _drop_held(connection, old, "superseded by another Data Exchange Key")


def _drop_held(connection: Connection, attachment: str, why: str) -> None:
    """A held change set names its attachment: it can no longer be committed as it was shown, and its people go."""
    for held in (HELD_RUN, ACADEMIC_HELD):
        runs.supersede_held(connection, held, held.c.attachment == attachment, why)


def _set_status(connection: Connection, change: AttachmentChange, status: AttachmentStatus, since: str) -> None:
    own = attachment_id(change.school, change.fingerprint)
    done = connection.execute(update(ATTACHMENT).where(ATTACHMENT.c.id == own).values(status=status.value, since=since))
    if not done.rowcount:
        raise _unknown(change)


def _set_aside(connection: Connection, school: str, since: str) -> None:
    """A school has one live attachment at a time: the one it had is retained."""
    connection.execute(
        update(ATTACHMENT)
        .where(ATTACHMENT.c.school == school, ATTACHMENT.c.status == _LIVE)
        .values(status=_RETAINED, since=since)
    )


def _complete_schools(connection: Connection, since: str) -> None:
    """A school in the estate that is no partner is attached without a key; one that has gone is set aside."""
    addresses = connection.execute(select(RESOURCE.c.address).where(RESOURCE.c.kind == "school")).scalars()
    declared = {address.removeprefix("school.") for address in addresses}
    found = connection.execute(select(ATTACHMENT.c.id, ATTACHMENT.c.school, ATTACHMENT.c.status)).all()
    live = {a.school for a in found if a.status == _LIVE}
    plain = {a.school for a in found if a.id == a.school}
    for school in sorted(declared - live):
        if school in plain:
            connection.execute(update(ATTACHMENT).where(ATTACHMENT.c.id == school).values(status=_LIVE, since=since))
        else:
            _insert(connection, school, "", since)
    for school in sorted((plain & live) - declared):
        connection.execute(
            update(ATTACHMENT)
            .where(ATTACHMENT.c.id == school, ATTACHMENT.c.status == _LIVE)
            .values(status=_RETAINED, since=since)
        )


def _insert(connection: Connection, school: str, fingerprint: str, since: str) -> None:
    own = attachment_id(school, fingerprint)
    connection.execute(
        insert(ATTACHMENT).values(
            id=own, school=school, fingerprint=fingerprint, status=_LIVE, number=1, since=since
        )
    )  # fmt: skip


def _unknown(change: AttachmentChange) -> UnknownName:
    return UnknownName(
        "store.unknown_attachment",
        f"school {change.school} has no attachment under the key that this change ({change.op}) names",
        subject=f"partner.{change.school}",
        hint="plan again: the plan was made from another state",
    )


_STEPS = {"attach": _attach, "retain": _retain, "reattach": _reattach, "orphan": _orphan, "rekey": _rekey}
