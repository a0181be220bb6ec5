"""A held academic run's commit as bytes, and back: what is approved is exactly what was shown."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from dataclasses import asdict, replace
from datetime import date

import orjson

from reconciler.records.academic import AcademicEntity
from reconciler.store.change_sets import dump_commit, load_commit
from reconciler.syncs.academic_changes import AcademicChanges
from reconciler.syncs.academic_ports import AcademicCommit, AcademicCursor
from reconciler.syncs.ports import FeedCommit


def dump_academic(commit: AcademicCommit) -> bytes:
    """The whole commit. What every commit has is written as for the roster; the rest lies beside it."""
    common = FeedCommit(scope=commit.scope, entry=commit.entry, base=commit.base, changes={}, cursors={},
                        issues=commit.issues, issue_codes=commit.issue_codes)  # fmt: skip
    told = {
        "common": b64encode(dump_commit(common)).decode(),
        "changes": [b64encode(changes.dump()).decode() for changes in commit.changes.values()],
        "cursors": {e.value: asdict(c) | {"students": sorted(c.students)} for e, c in commit.cursors.items()},
        "released": {e.value: sorted(students) for e, students in commit.released.items()},
    }
    return zlib.compress(orjson.dumps(told))


def load_academic(content: bytes) -> AcademicCommit:
    """What `dump_academic` wrote."""
    told = orjson.loads(zlib.decompress(content))
    common = load_commit(b64decode(told["common"]))
    changes = [AcademicChanges.load(b64decode(text)) for text in told["changes"]]
    made = AcademicCommit(
        scope=common.scope, entry=common.entry, base=common.base, issues=common.issues, issue_codes=common.issue_codes
    )  # fmt: skip
    return replace(
        made,
        changes={change.entity: change for change in changes},
        cursors={AcademicEntity(name): _cursor(cursor) for name, cursor in told["cursors"].items()},
        released={AcademicEntity(name): frozenset(students) for name, students in told["released"].items()},
    )


def _cursor(told: dict[str, object]) -> AcademicCursor:
    students = told["students"]
    return AcademicCursor(
        mapping_version=str(told["mapping_version"]),
        covered_to=date.fromisoformat(str(told["covered_to"])), whole_on=date.fromisoformat(str(told["whole_on"])),
        students=frozenset(students if isinstance(students, list) else ()),
    )  # fmt: skip
