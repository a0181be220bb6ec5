"""A held run's change set as JSON, and back: what is approved is exactly what was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import orjson

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue, Owner
from reconciler.records.entities import COLUMNS, ColumnType, Entity
from reconciler.syncs.ports import CanonicalRow, Cursor, EntityChanges, FeedCommit, FeedScope
from reconciler.transfers.entry import Counts, Outcome, RejectedRecord, TransferEntry
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.codes import AcademicYear

_FORMAT = 1


def dump_commit(commit: FeedCommit) -> bytes:
    """The whole commit; holds people, so it lies in a column of its own and is erased when it is no longer needed."""
    told = {
        "format_version": _FORMAT,
        "scope": asdict(commit.scope) | {"year": str(commit.scope.year)},
        "entry": asdict(commit.entry),
        "base": commit.base,
        "changes": {entity.value: asdict(changes) for entity, changes in commit.changes.items()},
        "cursors": {entity.value: asdict(cursor) for entity, cursor in commit.cursors.items()},
        "issues": [asdict(issue) for issue in commit.issues],
        "issue_codes": sorted(commit.issue_codes),
        "completes_first_import": commit.completes_first_import,
    }
    return orjson.dumps(told)


def load_commit(content: bytes) -> FeedCommit:
    """Raises ValueError on a format that this program does not write."""
    told = orjson.loads(content)
    if told["format_version"] != _FORMAT:
        raise ValueError(f"change set format {told['format_version']} is unknown")
    scope = told["scope"]
    return FeedCommit(
        scope=FeedScope(**(scope | {"year": AcademicYear.parse(scope["year"])})),
        entry=_entry(told["entry"]),
        base=told["base"],
        changes={Entity(name): _changes(Entity(name), changes) for name, changes in told["changes"].items()},
        cursors={Entity(name): Cursor(**cursor) for name, cursor in told["cursors"].items()},
        issues=tuple(
            DataIssue(**(issue | {"severity": Severity(issue["severity"]), "owner": Owner(issue["owner"])}))
            for issue in told["issues"]
        ),
        issue_codes=frozenset(told["issue_codes"]),
        completes_first_import=told["completes_first_import"],
    )


def _entry(told: dict[str, Any]) -> TransferEntry:
    return TransferEntry(
        **(
            told
            | {
                "outcome": Outcome(told["outcome"]),
                "started_at": datetime.fromisoformat(told["started_at"]),
                "finished_at": datetime.fromisoformat(told["finished_at"]) if told["finished_at"] else None,
                "actor": Actor(**told["actor"]),
                "counts": {name: Counts(**counts) for name, counts in told["counts"].items()},
                "rejected": tuple(RejectedRecord(**row) for row in told["rejected"]),
                "notes": tuple(told["notes"]),
            }
        )
    )


def _changes(entity: Entity, told: dict[str, Any]) -> EntityChanges:
    dates = [i for i, column in enumerate(COLUMNS[entity]) if column.type is ColumnType.DATE]
    rows = {name: [(_row(row, dates), digest) for row, digest in told[name]] for name in ("new", "changed")}
    return EntityChanges(**(told | rows))


def _row(values: list[Any], dates: Sequence[int]) -> CanonicalRow:
    for position in dates:
        if values[position] is not None:
            values[position] = date.fromisoformat(values[position])
    return tuple(values)
