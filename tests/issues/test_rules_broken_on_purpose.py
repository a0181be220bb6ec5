"""An issue is of use only to somebody who is told what, where, how bad, why and what to do."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import Severity
from reconciler.issues.rule import Trouble
from reconciler.records.entities import Entity
from reconciler.transfers.entry import RejectedRecord
from tests.issues.test_import_rules import canonical, found

STUDENTS = [
    canonical(Entity.STUDENTS, "S1", admission_number="004512", upn="A123", enrolment_status="X", surname="Zo\ufffd"),
    canonical(Entity.STUDENTS, "S2", admission_number="004512"),
    canonical(Entity.STUDENTS, "7"),
]
ROWS = [
    *((Entity.STUDENTS, row) for row in STUDENTS),
    *((Entity.STAFF, canonical(Entity.STAFF, key, staff_code="JSM")) for key in ("T1", "7")),
    *((Entity.TUTOR_GROUPS, canonical(Entity.TUTOR_GROUPS, key, name="12A")) for key in ("G1", "G2")),
    (Entity.CLASSES, canonical(Entity.CLASSES, "C1")),
]
HELD = ("import.mass_drop", "import.mass_gain", "import.duplicate_key", "import.other_school")


@pytest.mark.requirement(63)
def test_each_issue_says_what_where_how_bad_why_and_what_to_do() -> None:
    """Whatever is found: code, severity, the record or the kind of record, a reason and a next step."""
    issues = found(
        ROWS,
        over_shared=[(Entity.STUDENTS, "S9")],
        rejected=[RejectedRecord(entity="students", key="S8", code="record.bad_date", message="is not a date")],
        incomplete=[Trouble(code="x", message="may not be all", hint="run it again", entity="students")],
        refused=[Trouble(code="perm.staff", message="not allowed", entity="staff")],
        held=[Trouble(code=code, message="too many", hint="look at the source", entity="students") for code in HELD],
        failure=Trouble(code="http.timeout", message="did not finish"),
        unmapped=True,
        unreached={"W1Tue.P5": {"C1"}},
    )
    assert {issue.code for issue in issues} >= {
        *HELD,
        "class.no_teacher",
        "encoding.replacement_char",
        "enrolment.unknown_status",
        "id.admission_clash",
        "id.staff_clash",
        "id.tutor_group_clash",
        "id.type_clash",
        "import.entity_refused",
        "import.incomplete_fetch",
        "import.not_outplaced",
        "import.row_rejected",
        "import.source_failed",
        "period.slot_unreached",
        "period.unmapped_partner",
        "record.invalid_upn",
    }
    for issue in issues:
        assert issue.school == "AVN", issue
        assert issue.severity in {Severity.ERROR, Severity.WARNING}, issue
        assert issue.record or issue.entity or issue.field, issue
        assert len(issue.message.split()) > 2, issue
        assert len(issue.next_step.split()) > 2, issue
