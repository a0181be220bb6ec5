"""The period map of one partner: hub left, partner right, what is lost, and the next ten school days (VS, rules 33 to
41)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from reconciler.estate.period_maps import Expansion, expansion_of
from reconciler.estate.week_parity import WrongParity, judge
from reconciler.estate.weeks import meetings
from reconciler.reports.frame import Frame, SchoolName, csv_text, html, opening, table
from reconciler.reports.school_days import SchoolDay, Side, day_name, next_school_days
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.slots import Slot

NAME = "period-map"
TITLE = "Period map"
DAYS_SHOWN = 10
_HANDLING = "Official: names of classes, no people"
_NAMED = 6  # classes that the advice names; the table has them all


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One hub slot and the partner slot beside it; times are for information (VS, rule 34)."""

    hub: Slot
    hub_time: str
    partner: Slot | None
    partner_time: str
    state: str  # mapped, not selected, or unmapped
    note: str = ""

    @property
    def partner_day(self) -> str:
        return day_name(self.partner.week, self.partner.day) if self.partner else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostSlot:
    """A partner slot that no hub slot reaches, with the classes that lose lessons there: those that are held and go at
    the next import, and what the last import said."""

    slot: Slot
    time: str
    classes: tuple[str, ...]
    issue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodMapReport:
    """The model that all four writers share."""

    frame: Frame
    school: SchoolName
    year: str
    expansion: Expansion | None
    hub: Side
    partner: Side
    lines: tuple[Line, ...]
    lost: tuple[LostSlot, ...]
    doubled: tuple[tuple[Slot, Slot, Slot], ...]  # two hub slots of one day, and the partner slot that both have
    days: tuple[SchoolDay, ...]
    notes: tuple[str, ...]
    title: str = TITLE

    @property
    def outcome(self) -> str:
        if self.expansion is None:
            return f"{self.school.code} has no period map for {self.year}"
        return (f"{self.school.code}: {self.expansion.mapped} of {len(self.lines)} hub slots mapped, "
                f"{self.expansion.not_selected} not selected")  # fmt: skip

    @property
    def first(self) -> tuple[str, ...]:
        return tuple(_first(self))

    @property
    def has_times(self) -> bool:
        return bool(self.hub.times or self.partner.times)

    @property
    def by_day(self) -> list[tuple[str, list[Line]]]:
        """The lines of each hub day under its name."""
        groups = groupby(self.lines, key=lambda line: day_name(line.hub.week, line.hub.day))
        return [(name, list(lines)) for name, lines in groups]

    @property
    def counts(self) -> dict[str, int]:
        states = [line.state for line in self.lines]
        return {
            "hub_slots": len(states), "mapped": states.count("mapped"), "not_selected": states.count("not selected"),
            "unmapped": states.count("unmapped"), "partner_slots": len(self.partner.structure.slots()),
            "unreached": len(self.lost), "doubled": len(self.doubled),
        }  # fmt: skip


def build(frame: Frame, *, school: SchoolName, year: str, hub: Side, partner: Side,
          slots: Mapping[str, str | None] | None, classes: Mapping[str, Sequence[str]], issues: Mapping[str, str],
          today: date) -> PeriodMapReport:  # fmt: skip
    """The report of the applied map `slots` (None where there is none) of one partner for one year.

    `classes` are those with live lessons by partner slot, `issues` what the last import said by partner slot.
    """
    expansion = None if slots is None else _in_order(hub, expansion_of(slots))
    doubled = () if expansion is None else tuple(_doubled(expansion))
    lost = () if expansion is None else tuple(
        LostSlot(slot=slot, time=partner.times.get(slot.period, ""), classes=tuple(classes.get(str(slot), ())),
                 issue=issues.get(str(slot), ""))
        for slot in expansion.unreached(partner.structure)
    )  # fmt: skip
    return PeriodMapReport(
        frame=replace(frame, classification=_HANDLING), school=school, year=year, expansion=expansion,
        hub=hub, partner=partner, lines=tuple(_lines(hub, partner, expansion, doubled)), lost=lost, doubled=doubled,
        days=next_school_days(hub, partner, expansion, today=today, count=DAYS_SHOWN),
        notes=tuple(_notes(hub, partner)),
    )  # fmt: skip


def _in_order(hub: Side, expansion: Expansion) -> Expansion:
    """The slots in teaching order: the stored state keeps them by the alphabet."""
    slots = {slot: expansion.slots[slot] for slot in hub.structure.slots() if slot in expansion.slots}
    return replace(expansion, slots=slots)


def _lines(hub: Side, partner: Side, expansion: Expansion | None,
           doubled: Sequence[tuple[Slot, Slot, Slot]]) -> Iterator[Line]:  # fmt: skip
    beside = {slot: other for a, b, _ in doubled for slot, other in ((a, b), (b, a))}
    for slot in hub.structure.slots():
        target = expansion.slots.get(slot) if expansion else None
        said = expansion is not None and slot in expansion.slots
        yield Line(
            hub=slot, hub_time=hub.times.get(slot.period, ""), partner=target,
            partner_time=partner.times.get(target.period, "") if target else "",
            state="mapped" if target else "not selected" if said else "unmapped",
            note=f"{beside[slot].period} of this day has it too" if slot in beside else "",
        )  # fmt: skip


def _doubled(expansion: Expansion) -> Iterator[tuple[Slot, Slot, Slot]]:
    for first, second in expansion.doubled():
        target = expansion.slots[second]
        if target is not None:
            yield first, second, target


def _first(report: PeriodMapReport) -> Iterator[str]:
    code = report.school.code
    if report.expansion is None:
        yield f"declare period_maps: {{{code}: {{{report.year}: ...}}}}, plan, apply; its timetable is held till then"
        return
    wrong = _wrong_parity(report, report.expansion)
    if wrong:
        at = wrong.meeting
        advice = (f"write week_offset: {wrong.offset}" if wrong.offset is not None
                  else "no offset is right all year, so check week_1_starts of both calendars")  # fmt: skip
        yield (f"on {at.day} the hub is in week {at.hub_week} and {code} in week {at.partner_week}, but the map "
               f"reaches week {wrong.mapped}: {advice}")  # fmt: skip
    if report.lost:
        losing = sorted({name for slot in report.lost for name in slot.classes})
        who = f"; lessons of {', '.join(losing[:_NAMED])} that are held there would go" if losing else ""
        more = f", and of {len(losing) - _NAMED} more classes" if len(losing) > _NAMED else ""
        left = sum(bool(slot.issue) for slot in report.lost)
        said = f"; the last import left out lessons in {left} of them" if left else ""
        count = _count(len(report.lost), "slot")
        yield f"no hub slot reaches {count} of {code}: map them, or leave it so on purpose{who}{more}{said}"
    if report.doubled:
        count = _count(len(report.doubled), "pair")
        yield f"{count} of hub periods of one day have one period of {code}: check, or write allow_duplicate: true"


def _wrong_parity(report: PeriodMapReport, expansion: Expansion) -> WrongParity | None:
    """What is wrong with the weeks of the map, judged as `validate` does."""
    hub, partner = report.hub, report.partner
    weeks = partner.structure.weeks
    if hub.calendar is None or partner.calendar is None or weeks == 1:
        return None
    year = AcademicYear.parse(report.year)
    met = meetings(hub.calendar, partner.calendar, hub_weeks=hub.structure.weeks, partner_weeks=weeks,
                   first=year.first_day, last=year.last_day)  # fmt: skip
    return judge(expansion, met, partner_weeks=weeks)


def _notes(hub: Side, partner: Side) -> Iterator[str]:
    if hub.calendar is None or partner.calendar is None:
        yield "No calendar is declared for the hub, so the next school days cannot be told."
        return
    for side, whose in ((hub, "the hub"), (partner, partner.code)):
        if side.calendar and side.structure.weeks > 1 and not side.calendar.week_1_starts:
            yield (f"The calendar {side.calendar.name} of {whose} has no week_1_starts, so which week of the cycle a "
                   "day is in is not known.")  # fmt: skip


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def to_html(report: PeriodMapReport) -> str:
    return html("period-map.html.j2", report)


def to_csv(report: PeriodMapReport) -> str:
    """One row a hub slot, then one for each partner slot that none reaches."""
    header = ("hub_slot", "hub_time", "partner_slot", "partner_time", "state", "note")
    rows: list[Sequence[object]] = [
        (line.hub, line.hub_time, line.partner or "", line.partner_time, line.state, line.note) for line in report.lines
    ]
    rows += [("", "", lost.slot, lost.time, "unreached", "; ".join(lost.classes)) for lost in report.lost]
    return csv_text(header, rows)


def to_json(report: PeriodMapReport) -> dict[str, Any]:
    """The JSON view; `schemas/report-period-map.schema.json`."""
    return {
        "format_version": 1,
        "report": NAME,
        "frame": report.frame.to_json(),
        "outcome": report.outcome,
        "first": list(report.first),
        "school": report.school.code,
        "academic_year": report.year,
        "hub_structure": report.hub.structure.name,
        "partner_structure": report.partner.structure.name,
        "counts": report.counts,
        "slots": [
            {"hub": str(line.hub), "hub_time": line.hub_time, "partner": _text(line.partner),
             "partner_time": line.partner_time, "state": line.state.replace(" ", "_"), "note": line.note}
            for line in report.lines
        ],
        "unreached": [
            {"partner": str(lost.slot), "classes": list(lost.classes), "last_import": lost.issue}
            for lost in report.lost
        ],
        "doubled": [
            {"hub": [str(first), str(second)], "partner": str(target)} for first, second, target in report.doubled
        ],
        "next_days": [
            {"date": day.day.isoformat(), "hub": day.hub or None, "partner": day.partner or None,
             "map": list(day.reached), "wrong": day.wrong, "note": day.note,
             "slots": [{"hub": str(hub), "partner": _text(target)} for hub, target in day.slots]}
            for day in report.days
        ],
        "notes": list(report.notes),
    }  # fmt: skip


def _text(slot: Slot | None) -> str | None:
    return None if slot is None else str(slot)


def to_text(report: PeriodMapReport) -> str:
    parts = opening(report.outcome, report.first)
    code = report.school.code
    parts.append(f"Side by side, hub left, {code} right (- not selected, ? not mapped):\n{_grid(report)}")
    if report.has_times:
        parts.append("Times, for information only:\n" + _times(report))
    if report.lost:
        parts.append(f"Slots of {code} that no hub slot reaches:\n" + _lost(report))
    if report.doubled:
        doubled = [(f"{first} and {second}", target) for first, second, target in report.doubled]
        parts.append("Twice inside a day:\n" + table(("Hub", code), doubled))
    if report.days:
        parts.append("The next school days:\n" + _days(report))
    return "\n\n".join([*parts, *report.notes])


def _lost(report: PeriodMapReport) -> str:
    rows = [(lost.slot, ", ".join(lost.classes) or "-", lost.issue or "-") for lost in report.lost]
    return table(("Slot", "Classes with lessons held there", "Last import"), rows)


def _days(report: PeriodMapReport) -> str:
    code = report.school.code
    rows = [
        (d.date_text, d.hub or "-", d.partner or "-", ", ".join(d.reached) or "-", d.slots_text or "-", d.note)
        for d in report.days
    ]
    return table(("Date", "Hub", code, "Map", f"Hub period = period of {code}", "Note"), rows)


def _grid(report: PeriodMapReport) -> str:
    """One row a hub day: the partner's day or days, then what each hub period has."""
    periods = list(dict.fromkeys(line.hub.period for line in report.lines))
    rows = []
    for name, lines in report.by_day:
        days = list(dict.fromkeys(line.partner_day for line in lines if line.partner))
        cells = {line.hub.period: _cell(line, days) for line in lines}
        rows.append((name, ", ".join(days) or "-", *(cells.get(period, "") for period in periods)))
    return table(("Hub", report.school.code, *periods), rows)


def _cell(line: Line, days: Sequence[str]) -> str:
    if line.partner is None:
        return "-" if line.state == "not selected" else "?"
    return line.partner.period if len(days) == 1 else str(line.partner)


def _times(report: PeriodMapReport) -> str:
    sides = ((report.hub, "Hub"), (report.partner, report.school.code))
    rows = [(who, period, time) for side, who in sides for period, time in side.times.items()]
    return table(("Side", "Period", "Time"), rows)
