"""Crash points: every place at which a process may die is numbered, and a child process is made to die there.

    points = count_points(act)              # labels, in order
    for k in range(1, len(points) + 1):
        assert run_until(act, k) == KILLED  # then look at what is left, and run `act` again

`act` opens everything it needs itself, since it runs in a forked child: close stores before the fork. A probe is what
finds the points of one kind; statements, commits and COPY stand here, other rooms bring theirs (calls, renames).
"""

from __future__ import annotations

import json
import os
import traceback
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.default import DefaultDialect

from reconciler.store.database import WRITES

KILLED = 137
Act = Callable[[], object]
Point = Callable[[str], None]
# Hooks itself into what it watches, for the rest of the (child) process, and calls the point at each place.
Probe = Callable[[Point], None]


def statements(point: Point) -> None:
    """Before and after each SQL statement that goes through SQLAlchemy."""

    def label(statement: str) -> str:
        return " ".join(statement.split()[:3])

    def before(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        point(f"before {label(statement)}")

    def after(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        point(f"after {label(statement)}")

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)


def commits(point: Point) -> None:
    """Before and after each commit; SQLAlchemy has no event after one, so the dialect is wrapped."""
    commit: Callable[[Any, Any], None] = DefaultDialect.do_commit

    def do_commit(dialect: DefaultDialect, connection: Any) -> None:
        point("before commit")
        commit(dialect, connection)
        point("after commit")

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]


def stored(point: Point) -> None:
    """Before and after each commit of a transaction that writes: between two of them the database stays as it is."""
    writes: list[bool] = []

    def about(connection: Connection) -> None:
        writes.append(bool(connection.get_execution_options().get(WRITES)))

    commit: Callable[[Any, Any], None] = DefaultDialect.do_commit

    def do_commit(dialect: DefaultDialect, connection: Any) -> None:
        if not (writes and writes.pop()):
            commit(dialect, connection)
            return
        point("before commit")
        commit(dialect, connection)
        point("after commit")

    event.listen(Engine, "commit", about)
    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]


def copies(point: Point) -> None:
    """Before each PostgreSQL COPY, in the middle of its rows, and after it: COPY goes past SQLAlchemy."""
    import psycopg

    begin, end = psycopg.Copy.__enter__, psycopg.Copy.__exit__

    def enter(copy: Any) -> Any:
        point("before COPY")
        return begin(copy)

    def leave(copy: Any, *exception: Any) -> None:
        point("inside COPY")
        end(copy, *exception)
        point("after COPY")

    psycopg.Copy.__enter__ = enter  # type: ignore[method-assign]
    psycopg.Copy.__exit__ = leave  # type: ignore[method-assign]


DATABASE: tuple[Probe, ...] = (statements, commits, copies)


def count_points(act: Act, *, probes: Sequence[Probe] = DATABASE) -> tuple[str, ...]:
    """Runs `act` to its end in a child and returns the labels of all points. Raises RuntimeError when it fails."""
    code, told = _in_child(act, probes, at=0)
    if code:
        raise RuntimeError(f"the act ended with {code} where nothing was made to fail:\n{told}")
    return tuple(json.loads(told))


def run_until(act: Act, k: int, *, probes: Sequence[Probe] = DATABASE) -> int:
    """Runs `act` in a child that dies at its `k`-th point, counted from 1; returns the exit code.

    That is KILLED, or 0 when the act has fewer points. Raises RuntimeError when the act fails by itself.
    """
    code, told = _in_child(act, probes, at=k)
    if code not in (0, KILLED):
        raise RuntimeError(f"the act failed before its point {k}:\n{told}")
    return code


def sample(points: int, *, every: int, seed: int) -> range:
    """One point in `every`, beginning with one that the seed chooses."""
    return range(1 + seed % every, points + 1, every)


def spread(points: int, *, number: int, seed: int) -> list[int]:
    """`number` points, one by chance in each of as many stretches of equal length: no kind of point is left out."""
    chance = Random(seed)  # noqa: S311 (what is chosen need not be secret, only be the same again)
    edges = [round(part * points / number) for part in range(number + 1)]
    return [chance.randint(low + 1, high) for low, high in pairwise(edges) if high > low]


def _in_child(act: Act, probes: Sequence[Probe], *, at: int) -> tuple[int, str]:
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads, which the child never uses
        child = os.fork()
    if child == 0:
        os.close(reading)
        _live_and_die(act, probes, at, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), told


def _live_and_die(act: Act, probes: Sequence[Probe], at: int, writing: int) -> None:
    """The child: never returns."""
    trace: list[str] = []

    def point(label: str) -> None:
        trace.append(label)
        if len(trace) == at:
            os._exit(KILLED)  # as SIGKILL: nothing is flushed, rolled back or said

    code = 1
    try:
        for probe in probes:
            probe(point)
        act()
        _tell(writing, json.dumps(trace))
        code = 0
    except BaseException:  # noqa: BLE001 (whatever it is must reach the parent, and the child must not go on)
        _tell(writing, traceback.format_exc())
    finally:
        os._exit(code)


def _tell(writing: int, text: str) -> None:
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(text.encode())
