"""What a person does about data issues, each act on the audit trail."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update

from reconciler.errors import UnknownName
from reconciler.store import audit
from reconciler.store.database import Database
from reconciler.store.tables.runs import DATA_ISSUE
from reconciler.vocabulary.actor import Actor


class SqlIssueStore:
    """Writes what people did about issues; what runs find is written with the run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acknowledge(self, numbers: Collection[int], *, actor: Actor, at: datetime) -> None:
        """Notes that the actor has seen these open issues, all or none; a second time changes nothing (VS, rule 64).

        Raises UnknownName for a number that no open issue has.
        """
        wanted = sorted(set(numbers))
        with self._database.write() as connection:
            query = select(DATA_ISSUE.c.number).where(DATA_ISSUE.c.closed_at.is_(None), DATA_ISSUE.c.number.in_(wanted))
            missing = sorted(set(wanted) - set(connection.scalars(query)))
            if missing:
                raise UnknownName(
                    "issues.unknown", f"no open issue {', '.join(map(str, missing))}; nothing was acknowledged",
                    hint="reconcile issues list shows the open ones",
                )  # fmt: skip
            new = (DATA_ISSUE.c.number.in_(wanted)) & (DATA_ISSUE.c.acknowledged_by == "")
            noted = connection.scalars(select(DATA_ISSUE.c.number).where(new).order_by(DATA_ISSUE.c.number)).all()
            if noted:
                connection.execute(update(DATA_ISSUE).where(new).values(acknowledged_by=actor.name))
                audit.append(connection, at=at, actor=actor, verb="issues ack", subject="issues",
                             detail={"issues": list(noted)})  # fmt: skip
