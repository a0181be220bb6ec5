"""Maps academic rows of a source to canonical rows; an unknown code is refused and never turned into another (C29)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter

from reconciler.records.academic import ACADEMIC_COLUMNS, AcademicEntity, academic_columns
from reconciler.records.attendance_codes import abolished_codes, attendance_codes
from reconciler.records.entities import ColumnType
from reconciler.records.mapping import RowMapper, SourceValues, UnusableRow, column_reader
from reconciler.records.row_digest import CanonicalRow
from reconciler.vocabulary.digests import digest

_ANY_LENGTH = 10_000
_REVISION = 1  # raise it when the code below maps the same source row to another canonical row
_AIM = re.compile(r"[0-9A-Z]{8}\Z")
_POINTS = re.compile(r"[+-]?\d{1,6}\Z")
_SHOWN = re.compile(r"[A-Za-z0-9/\\#*?.-]{1,2}\Z")


def mapping_version(entity: AcademicEntity) -> str:
    """Names the mapping of an entity: changes with the code, the columns and the codes in force."""
    columns = [[column.name, column.type.value] for column in ACADEMIC_COLUMNS[entity]]
    codes = {code: known.statistical_class.value for code, known in attendance_codes().items()}
    settings = codes if entity is AcademicEntity.ATTENDANCE_MARKS else None
    return digest([_REVISION, entity.value, columns, settings])[:16]


def academic_mapper(entity: AcademicEntity) -> RowMapper:
    """A function from a source's key and values to a canonical row of `entity`; it raises UnusableRow."""
    # A mark is judged by the table of codes, whatever its length.
    readers = [
        (c.name, column_reader(replace(c, length=_ANY_LENGTH) if c.name == "code" else c),
         c.required and c.type is ColumnType.DATE)
        for c in ACADEMIC_COLUMNS[entity] if not c.derived
    ]  # fmt: skip
    refine, in_order = _REFINE[entity], itemgetter(*academic_columns(entity))

    def map_row(key: str, values: SourceValues) -> CanonicalRow:
        get, told = values.get, dict[str, object]()
        for name, read, is_needed_date in readers:
            value = told[name] = read(key if name == "source_id" else get(name))
            if is_needed_date and value is None:
                raise UnusableRow("record.missing_field", f"{name} is missing")
        refine(told)
        row: CanonicalRow = in_order(told)
        return row

    return map_row


def is_aim_code(code: object) -> bool:
    """Whether a text has the form of a learning aim reference: eight digits and capital letters, as 60148557."""
    return isinstance(code, str) and _AIM.match(code) is not None


def _attendance(told: dict[str, object]) -> None:
    code = str(told["code"]).upper()
    known = attendance_codes().get(code)
    if known is None:
        replaced = abolished_codes().get(code)
        if replaced:
            raise UnusableRow(
                "attendance.abolished_code", f"code {code} ended in August 2024; in its place is {replaced}"
            )
        raise UnusableRow("attendance.unknown_code", f"{_named(code)} is not an attendance code in force")
    told["code"], told["statistical_class"] = code, known.statistical_class.value


def _named(code: str) -> str:
    """A code of the usual length is shown; anything longer may be a text about a child."""
    return f"{code!r}" if _SHOWN.match(code) else f"a mark of {len(code)} characters"


def _behaviour(told: dict[str, object]) -> None:
    points = told["points"]
    if points is not None and not _POINTS.match(str(points)):
        raise UnusableRow("record.unknown_value", "points is not a whole number")
    told["points"] = None if points is None else str(int(str(points)))


def _assessment(told: dict[str, object]) -> None:
    flag = str(told["is_grade"]).lower() if told["is_grade"] is not None else None
    if flag not in (None, "true", "false"):
        raise UnusableRow("record.unknown_value", "is_grade is neither true nor false")
    told["is_grade"] = flag


def _aims(told: dict[str, object]) -> None:
    if told["aim_code"] is not None:
        told["aim_code"] = str(told["aim_code"]).upper()


_REFINE: dict[AcademicEntity, Callable[[dict[str, object]], None]] = {
    AcademicEntity.ATTENDANCE_MARKS: _attendance,
    AcademicEntity.BEHAVIOUR_EVENTS: _behaviour,
    AcademicEntity.ASSESSMENT_RESULTS: _assessment,
    AcademicEntity.POST16_AIMS: _aims,
}

STUDENT = academic_columns(AcademicEntity.ATTENDANCE_MARKS).index("student_id")  # the same in each entity
