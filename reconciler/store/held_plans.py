"""Plans that wait for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from reconciler.apply.ports import HeldPlan
from reconciler.errors import UnknownName
from reconciler.store import audit
from reconciler.store.tables.control import HELD_PLAN
from reconciler.vocabulary.actor import Actor


def hold(connection: Connection, held: HeldPlan) -> None:
    """Keeps it, replacing one of the same digest."""
    connection.execute(delete(HELD_PLAN).where(HELD_PLAN.c.digest == held.digest))
    connection.execute(
        insert(HELD_PLAN).values(
            digest=held.digest, held_at=held.held_at, expires_at=held.expires_at, actor_name=held.actor.name,
            actor_source=held.actor.source, reasons=list(held.reasons), content=held.content, status=held.status,
        )
    )  # fmt: skip
    audit.append(
        connection, at=held.held_at, actor=held.actor, verb="plan.held", subject=f"plan {held.digest}",
        detail={"reasons": list(held.reasons), "expires_at": held.expires_at.isoformat()},
    )  # fmt: skip


def still_held(connection: Connection) -> Sequence[HeldPlan]:
    """The latest first."""
    table = HELD_PLAN
    query = select(table).where(table.c.status == "held").order_by(table.c.held_at.desc(), table.c.digest)
    return [
        HeldPlan(
            digest=p.digest, held_at=p.held_at, expires_at=p.expires_at, actor=Actor(p.actor_name, p.actor_source),
            reasons=tuple(p.reasons), content=bytes(p.content), status=p.status,
        )
        for p in connection.execute(query)
    ]  # fmt: skip


def consume(connection: Connection, digest: str) -> None:
    """The commit in this transaction fulfils the plan. Raises UnknownName."""
    _close(connection, digest, "approved")


def supersede(connection: Connection) -> None:
    """The state moved: no plan that waits was made from it, so none can be approved any more."""
    connection.execute(update(HELD_PLAN).where(HELD_PLAN.c.status == "held").values(status="superseded"))


def became_of(connection: Connection, digest: str) -> str:
    """Why a plan that was held waits no longer, empty for one that waits or never was held."""
    query = select(HELD_PLAN.c.status).where(HELD_PLAN.c.digest.startswith(digest, autoescape=True))
    status = connection.execute(query.order_by(HELD_PLAN.c.held_at.desc())).scalar()
    if status in (None, "held"):
        return ""
    return "superseded by a later apply" if status == "superseded" else f"already {status}"


def reject(connection: Connection, digest: str, *, at: datetime, actor: Actor, reason: str) -> None:
    """Turns it down. Raises UnknownName."""
    _close(connection, digest, "rejected")
    audit.append(connection, at=at, actor=actor, verb="plan.rejected", subject=f"plan {digest}",
                 detail={"reason": reason})  # fmt: skip


def _close(connection: Connection, digest: str, status: str) -> None:
    done = connection.execute(
        update(HELD_PLAN).where(HELD_PLAN.c.digest == digest, HELD_PLAN.c.status == "held").values(status=status)
    )
    if not done.rowcount:
        raise UnknownName(
            "store.unknown_held_plan", f"no plan with the digest {digest} is held",
            hint="it may have been approved or rejected already; `reconcile status` lists what is held",
        )  # fmt: skip
