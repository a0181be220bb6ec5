"""What reports and logs read: fulfils `ReportSource` of `reconciler.reports.ports`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from reconciler.issues.tracked import TrackedIssue
from reconciler.plan.state import AttachmentStatus
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.store import issue_rows, runs
from reconciler.store.database import Database
from reconciler.store.locks import is_held
from reconciler.store.tables.control import ATTACHMENT
from reconciler.store.tables.runs import FEED_CURSOR
from reconciler.transfers.entry import TransferEntry
from reconciler.vocabulary.feeds import HUB


class SqlReportSource:
    """Reads only, each answer from one consistent view."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transfers(self, narrowed: TransferFilter) -> Sequence[TransferEntry]:
        """The latest first, with counts and rejected rows; a run whose process is gone is told as interrupted."""
        gone = self._gone()
        with self._database.read() as connection:
            return runs.transfers(connection, narrowed, gone=gone)

    def latest_transfers(self) -> Sequence[TransferEntry]:
        """The latest of each kind at each school in the feed `hub`, however long ago; the latest first."""
        gone = self._gone()
        with self._database.read() as connection:
            return runs.latest_transfers(connection, gone=gone)

    def _gone(self) -> frozenset[int]:
        """Numbers of runs that say `running` while nobody holds the lock of their school.

        Of these, one that still says so when it is read afterwards has lost its process: a living one tells its end
        before it gives the lock back.
        """
        with self._database.read() as connection:
            found = runs.running(connection)
        free = {school for school in {school for _, school in found} if not is_held(self._database, f"school:{school}")}
        return frozenset(number for number, school in found if school in free)

    def issues(self, narrowed: IssueFilter) -> Sequence[TrackedIssue]:
        """Worst first, then oldest."""
        with self._database.read() as connection:
            return issue_rows.issues(connection, narrowed)

    def record_counts(self) -> dict[str, dict[str, int]]:
        """Live record rows by school and entity, feed `hub`, of each school's latest year; from what commits keep."""
        latest = (
            select(FEED_CURSOR.c.attachment, func.max(FEED_CURSOR.c.academic_year).label("year"))
            .where(FEED_CURSOR.c.feed == HUB)
            .group_by(FEED_CURSOR.c.attachment)
            .subquery()
        )
        query = (
            select(ATTACHMENT.c.school, FEED_CURSOR.c.entity, FEED_CURSOR.c.live_rows)
            .join(ATTACHMENT, ATTACHMENT.c.id == FEED_CURSOR.c.attachment)
            .join(latest, latest.c.attachment == FEED_CURSOR.c.attachment)
            .where(
                ATTACHMENT.c.status == AttachmentStatus.LIVE.value, FEED_CURSOR.c.feed == HUB,
                FEED_CURSOR.c.academic_year == latest.c.year,
            )
            .order_by(ATTACHMENT.c.school, FEED_CURSOR.c.entity)
        )  # fmt: skip
        counts: dict[str, dict[str, int]] = {}
        with self._database.read() as connection:
            for school, entity, live in connection.execute(query):
                counts.setdefault(school, {})[entity] = live
        return counts
