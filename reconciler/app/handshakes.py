"""The handshake before a first import: a session is handed on only once school and year fit (VS, rule 31)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from reconciler.app.live_check import stored_specs
from reconciler.connectors.live_protocol import LiveSession
from reconciler.connectors.protocol import Session
from reconciler.live.handshake import ASKED, shake_hands
from reconciler.live.side import side_of
from reconciler.plan.state import StoredState
from reconciler.syncs.job import ImportJob


def shaken(connect: Callable[[], AbstractContextManager[Session]], state: StoredState,
           job: ImportJob) -> Callable[[], AbstractContextManager[Session]]:  # fmt: skip
    """The same way to a session, which raises RefusedSourceError where the source is another school's or year's."""

    @contextmanager
    def open_() -> Iterator[Session]:
        side = side_of(stored_specs(state), job.school, year=job.year)
        with connect() as session:
            if side is not None and isinstance(session, LiveSession):
                shake_hands(side, session.look(ASKED))
            yield session

    return open_
