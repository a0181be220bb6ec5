"""The rules over an import: what each finds, about which record, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from reconciler.issues.issue import DataIssue
from reconciler.issues.registry import IMPORT_RULES
from reconciler.issues.rule import RunFacts, Trouble
from reconciler.issues.watch import Watch
from reconciler.records.entities import Entity, column_names
from reconciler.shipped import shipped
from reconciler.transfers.entry import RejectedRecord
from reconciler.vocabulary.upn import check_letter

ALL = frozenset(Entity)


def canonical(entity: Entity, key: str, **values: str) -> tuple[object, ...]:
    return tuple(({"source_id": key} | values).get(name) for name in column_names(entity))


def found(rows: Iterable[tuple[Entity, tuple[object, ...]]] = (), **facts: object) -> list[DataIssue]:
    """What the rules say about these rows, all of which stand."""
    watch, standing = Watch(), {entity: set() for entity in Entity}
    for entity, row in rows:
        watch.see(entity, row)
        standing[entity].add(str(row[0]))
    told = {"school": "AVN", "feed": "hub", "standing": standing, "judged": ALL}
    return list(watch.found(RunFacts(**(told | facts))))


def brief(issues: list[DataIssue]) -> list[tuple[str, str, str]]:
    return [(issue.code, issue.record, issue.field) for issue in issues]


@pytest.mark.parametrize("column", ["upn", "former_upn"])
@pytest.mark.parametrize(("upn", "wrong"), [("A123", True), ("", False), ("Y12345678901A", True)])
def test_a_upn_with_a_wrong_shape_or_letter_is_named(column: str, upn: str, wrong: bool) -> None:
    """Both the current and the former number; a right one is silent."""
    good = check_letter("123456789012") + "123456789012"
    for value, expected in ((upn, wrong), (good, False)):
        issues = found([(Entity.STUDENTS, canonical(Entity.STUDENTS, "S1", **({column: value} if value else {})))])
        assert brief(issues) == ([("record.invalid_upn", "S1", column)] if expected else [])


@pytest.mark.parametrize("values", [{"upn": "A123"}, {"enrolment_status": "X"}, {"surname": "Zo\ufffd"}])
def test_a_row_that_did_not_stay_has_no_issue(values: dict[str, str]) -> None:
    """Rows that came twice, or before a refusal, were seen and are not held."""
    assert found([(Entity.STUDENTS, canonical(Entity.STUDENTS, "S1", **values))])
    assert found([(Entity.STUDENTS, canonical(Entity.STUDENTS, "S1", **values))], standing={}) == []


def test_a_lost_letter_is_found_in_any_column() -> None:
    """U+FFFD in a class name too (C23)."""
    issues = found([(Entity.ROOMS, canonical(Entity.ROOMS, "R1", name="Caf\ufffd"))])
    assert brief(issues) == [("encoding.replacement_char", "R1", "name")]


@pytest.mark.parametrize(("status", "known"), [("C", True), ("M", True), ("S", True), ("G", True), ("X", False)])
def test_an_unknown_enrolment_status_is_named(status: str, known: bool) -> None:
    """Kept as it is and told, never turned into another (C29)."""
    issues = found([(Entity.STUDENTS, canonical(Entity.STUDENTS, "S1", enrolment_status=status))])
    assert brief(issues) == ([] if known else [("enrolment.unknown_status", "S1", "enrolment_status")])


@pytest.mark.parametrize(
    ("entity", "column", "code"),
    [
        (Entity.STUDENTS, "admission_number", "id.admission_clash"),
        (Entity.STAFF, "staff_code", "id.staff_clash"),
        (Entity.TUTOR_GROUPS, "name", "id.tutor_group_clash"),
    ],
)
def test_one_number_for_two_is_named_for_both(entity: Entity, column: str, code: str) -> None:
    """Case forgiven; one that did not stay, or has no number, clashes with nobody."""
    rows = [(entity, canonical(entity, key, **({column: value} if value else {})))
            for key, value in (("1", "jsm"), ("2", "JSM"), ("3", "abc"), ("4", ""), ("5", ""))]  # fmt: skip
    assert brief(found(rows)) == [(code, "1", column), (code, "2", column)]
    assert brief(found(rows, standing={entity: {"1", "3"}})) == []


@pytest.mark.requirement(106)
def test_one_child_under_two_ids_of_one_school_is_named_for_both() -> None:
    """An applicant entered again as a pupil; the number itself is not told."""
    rows = [(Entity.STUDENTS, canonical(Entity.STUDENTS, key, upn="X999200017001")) for key in ("1", "2")]
    issues = [issue for issue in found(rows) if issue.code == "id.upn_clash"]
    assert [issue.record for issue in issues] == ["1", "2"]
    assert "X999200017001" not in "".join(issue.message for issue in issues)
    alone = found(rows, standing={Entity.STUDENTS: {"1"}})
    assert "id.upn_clash" not in {issue.code for issue in alone}


def test_one_id_for_a_student_and_a_teacher_is_named() -> None:
    """Other systems merge the two (C4)."""
    rows = [(Entity.STUDENTS, canonical(Entity.STUDENTS, "7")), (Entity.STAFF, canonical(Entity.STAFF, "7"))]
    assert brief(found(rows)) == [("id.type_clash", "7", "")]


@pytest.mark.requirement(52)
def test_a_class_without_a_known_teacher_is_named_unless_the_staff_list_was_not_read() -> None:
    """C1 has one, C2 has none, C3 names somebody whom the staff list lacks."""

    def teaches(class_id: str, person: str, role: str = "teacher") -> tuple[Entity, tuple[object, ...]]:
        values = {"class_id": class_id, "person_id": person, "role": role}
        return (Entity.MEMBERSHIPS, canonical(Entity.MEMBERSHIPS, f"{class_id}|{role}|{person}", **values))

    rows = [(Entity.CLASSES, canonical(Entity.CLASSES, f"C{n}")) for n in (1, 2, 3)]
    rows += [(Entity.STAFF, canonical(Entity.STAFF, "T1")), teaches("C1", "T1"), teaches("C3", "T9"),
             teaches("C2", "T1", "student")]  # fmt: skip
    assert brief(found(rows)) == [("class.no_teacher", "C2", ""), ("class.no_teacher", "C3", "")]
    assert found(rows, judged=ALL - {Entity.STAFF}) == []


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"over_shared": [(Entity.STUDENTS, "S9")]}, [("import.not_outplaced", "S9", "")]),
        ({"incomplete": [Trouble(code="x", message="m", hint="h", entity="students")]},
         [("import.incomplete_fetch", "", "")]),
        ({"refused": [Trouble(code="perm.staff", message="m", entity="staff")]},
         [("import.entity_refused", "", "perm.staff")]),
        ({"failure": Trouble(code="http.deadline", message="m")}, [("import.source_failed", "", "http.deadline")]),
        ({"held": [Trouble(code="import.mass_drop", message="m", entity="students")]}, [("import.mass_drop", "", "")]),
        ({"held": [Trouble(code="import.mass_gain", message="m", entity="students")]}, [("import.mass_gain", "", "")]),
        ({"held": [Trouble(code="import.duplicate_key", message="m")]}, [("import.duplicate_key", "", "")]),
        ({"held": [Trouble(code="import.other_school", message="m")]}, [("import.other_school", "", "")]),
        ({"rejected": [RejectedRecord(entity="students", key="", code="source.no_key", message="m", place="row 4")]},
         [("import.row_rejected", "row 4", "source.no_key")]),
        ({"unmapped": True}, [("period.unmapped_partner", "", "")]),
        ({"unreached": {"W1Tue.P5": {"C1"}}}, [("period.slot_unreached", "W1Tue.P5", "")]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)  # fmt: skip
@pytest.mark.requirement(63)
def test_what_happened_to_a_run_becomes_an_issue(facts: dict[str, object], expected: list[object]) -> None:
    """Each has a code, a reason, and a record or field to tell it apart."""
    issues = found(**facts)
    assert brief(issues) == expected
    assert all(issue.message for issue in issues)


def test_an_unread_entity_closes_no_issue_of_its_rules() -> None:
    """Only what was judged again may be taken to be mended."""
    closable = Watch().judged(RunFacts(school="AVN", feed="hub", judged=ALL - {Entity.STUDENTS}))
    assert "record.invalid_upn" not in closable
    assert "import.row_rejected" not in closable
    assert {"import.mass_drop", "import.source_failed", "id.staff_clash"} <= closable
    assert Watch().judged(RunFacts(school="AVN", feed="hub", judged=ALL)) == {rule.code for rule in IMPORT_RULES}


def test_every_rule_has_a_page() -> None:
    """`reconcile explain CODE` always has something to say."""
    pages = {page.stem for page in Path(shipped("codes")).glob("*.md")}
    assert {rule.code for rule in IMPORT_RULES} <= pages
