"""Maps what a connector reads to canonical rows: one spelling, lengths checked, the hub's own columns derived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from reconciler.records.entities import COLUMNS, Column, ColumnType, Entity
from reconciler.records.prefixes import prefixed
from reconciler.records.row_digest import CanonicalRow
from reconciler.records.text import UnusableText, clean, means_none
from reconciler.vocabulary.digests import digest
from reconciler.vocabulary.slots import Slot

_REVISION = 1  # raise it when the code below maps the same source row to another canonical row
_OPEN_ENDS = (1, 9999)  # the years of .NET's smallest and largest date, which sources send for "none"
ROLES = frozenset({"student", "teacher"})

SourceValues = Mapping[str, "str | date | None"]
RowMapper = Callable[[str, SourceValues], CanonicalRow]


class UnusableRow(Exception):
    """A row that cannot be mapped: `code` has a page, `message` names columns and never values."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRules:
    """What the applied estate says about one school's rows.

    `prefix_students` covers admission numbers and tutor groups together (VS, rules 13 and 14: the one flag governs
    both), `prefix_staff` staff codes (rule 15). `slots` gives the hub's slots of each partner slot (many to one over
    the weeks, rule 37); None while the partner is unmapped.
    """

    short_code: str
    separator: str = ""
    prefix_students: bool = True
    prefix_staff: bool = True
    slots: Mapping[str, tuple[str, ...]] | None = None

    def version(self, entity: Entity) -> str:
        """Names the mapping of an entity: changes with the code, the columns and the settings that bear on it."""
        settings: object = None
        if entity in (Entity.STUDENTS, Entity.TUTOR_GROUPS):
            settings = [self.prefix_students, self.short_code, self.separator]
        elif entity is Entity.STAFF:
            settings = [self.prefix_staff, self.short_code, self.separator]
        elif entity is Entity.LESSONS:
            settings = {partner: list(hub) for partner, hub in (self.slots or {}).items()}
        columns = [[column.name, column.type.value] for column in COLUMNS[entity]]
        return digest([_REVISION, entity.value, columns, settings])[:16]


def hub_slots(period_map: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """Turns a map from hub slots to partner slots round: the hub slots of each partner slot, in cycle order."""
    turned: dict[str, list[Slot]] = {}
    for hub, partner in period_map.items():
        if partner is not None:
            turned.setdefault(partner, []).append(Slot.parse(hub))
    return {partner: tuple(str(slot) for slot in sorted(found)) for partner, found in turned.items()}


def mapper(entity: Entity, rules: MappingRules) -> RowMapper:
    """A function from a source's key and values to a canonical row of `entity`; it raises UnusableRow."""
    derived = _derivations(entity, rules)
    columns = COLUMNS[entity]
    position = {column.name: i for i, column in enumerate(columns)}
    readers = [(column.name, position[derived[column.name][0]] if column.derived else -1,
                _derived(column, derived[column.name][1]) if column.derived else column_reader(column))
               for column in columns]  # fmt: skip

    def map_row(key: str, values: SourceValues) -> CanonicalRow:
        if values.get("source_id") is None:
            values = {**values, "source_id": key}
        get = values.get
        row: list[object] = []
        for name, source, read in readers:
            row.append(read(get(name) if source < 0 else row[source]))
        return tuple(row)

    return map_row


def column_reader(column: Column) -> Callable[[object], object]:
    """Reads one column of a source; one call a value, since an import makes millions of them."""
    if column.type is ColumnType.DATE:
        return lambda raw: raw if raw is None else _date(column.name, raw)
    canonical = _CANONICAL.get(column.name)
    length = column.length

    def read(raw: object) -> str | None:
        try:
            text = clean(str(raw)) if raw is not None else ""
        except UnusableText as error:
            raise UnusableRow("record.unusable_text", f"{column.name} {error}") from None
        if means_none(column.name, text):
            if column.required:
                raise UnusableRow("record.missing_field", f"{column.name} is missing")
            return None
        if canonical:
            text = canonical(text)
        if len(text) > length:
            raise _too_long(column, text)
        return text

    return read


def _derived(column: Column, derive: Callable[[str], str | None]) -> Callable[[object], object]:
    """Makes one of the hub's own columns of a column before it."""

    def read(value: object) -> str | None:
        text = derive(value) if isinstance(value, str) else None
        if text is not None and len(text) > column.length:
            raise _too_long(column, text)
        return text

    return read


def _too_long(column: Column, text: str) -> UnusableRow:
    return UnusableRow(
        "record.too_long", f"{column.name} has {len(text)} characters, and {column.length} are kept at most"
    )


def _date(name: str, raw: object) -> date | None:
    if isinstance(raw, str):
        raw = raw.strip()
        if not raw:
            return None
        try:
            raw = datetime.fromisoformat(raw)
        except ValueError:
            raise UnusableRow("record.bad_date", f"{name} is not a date") from None
    if isinstance(raw, datetime):
        raw = raw.date()
    if not isinstance(raw, date):
        raise UnusableRow("record.bad_date", f"{name} is not a date")
    return None if raw.year in _OPEN_ENDS else raw


def _slot(text: str) -> str:
    try:
        return str(Slot.parse(text))
    except ValueError:
        raise UnusableRow("record.bad_slot", "partner_slot is not a slot like W1Mon.P1") from None


def _role(text: str) -> str:
    role = text.casefold()
    if role not in ROLES:
        raise UnusableRow("record.unknown_value", "role is neither student nor teacher")
    return role


_CANONICAL: dict[str, Callable[[str], str]] = {
    "upn": str.upper,
    "former_upn": str.upper,
    "enrolment_status": str.upper,
    "role": _role,
    "partner_slot": _slot,
}


def _derivations(entity: Entity, rules: MappingRules) -> dict[str, tuple[str, Callable[[str], str | None]]]:
    """For each derived column its source column and the function between them."""

    def own(value: str) -> str:
        return value

    def with_code(value: str) -> str:
        return prefixed(value, short_code=rules.short_code, separator=rules.separator)

    student = with_code if rules.prefix_students else own
    match entity:
        case Entity.STAFF:
            return {"hub_staff_code": ("staff_code", with_code if rules.prefix_staff else own)}
        case Entity.TUTOR_GROUPS:
            return {"hub_name": ("name", student)}
        case Entity.STUDENTS:
            return {
                "hub_admission_number": ("admission_number", student),
                "hub_tutor_group": ("tutor_group", student),
            }
        case Entity.LESSONS:
            slots = rules.slots or {}
            return {"hub_slots": ("partner_slot", lambda slot: " ".join(slots.get(slot, ())) or None)}
    return {}
