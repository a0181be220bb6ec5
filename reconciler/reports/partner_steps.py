"""What a partner enters on its own side, in order (VS, rules 6, 13 to 17, 20, 21, 31, 33, 41, 51, 52, 55 and 65)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from reconciler.estate.structures import PeriodStructure
from reconciler.estate.weeks import SchoolCalendar
from reconciler.reports.parentpay_guide import reference
from reconciler.reports.sheet import Fact, Grid, Section, Step, numbered
from reconciler.vocabulary.slots import DAYS

Spec = Mapping[str, Any]
_EVERY = {
    "every_30_minutes": "every 30 minutes", "every_hour": "every hour", "every_morning": "every morning, 08:00",
    "every_afternoon": "every afternoon, 13:00", "every_night": "every night, 18:00",
}  # fmt: skip
_EXAMPLES = {"admission numbers": "004512", "staff codes": "JSM"}
_OPEN = (("url", "Address of your MIS"), ("school_id", "MIS OrgID"), ("username", "User name"))
_SECRET = (
    ("password", "Password"), ("application_id", "Application id"), ("application_secret", "Application secret"),
    ("client_secret", "Client secret"), ("token", "Token"),
)  # fmt: skip
_FILES = {"oneroster-csv": "OneRoster files", "sims": "SIMS reports"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerFacts:
    """One partner as it is applied, with the hub that it joins. `entities` are those that the hub reads at its MIS."""

    code: str
    hub: Spec
    school: Spec
    partner: Spec
    structure: PeriodStructure
    times: Mapping[str, str]
    calendar: SchoolCalendar | None
    mapped: bool
    entities: tuple[str, ...] = ()


def missing(facts: PartnerFacts) -> Iterator[str]:
    """What the hub must declare before the partner can enter it."""
    if not facts.hub.get("url"):
        yield "declare virtual_school.url: the partner is asked for the hub's address"
    if not facts.mapped:
        year = facts.hub["academic_year"]
        yield f"declare period_maps: {{{facts.code}: {{{year}: ...}}}}: until then nothing of it is imported"


def section(facts: PartnerFacts) -> Section:
    """The partner's steps, numbered."""
    return Section(
        key="partner", title=f"What {facts.code} enters on its side",
        intro="In order, at the school's own MIS and in Config > Setup > Virtual School Configuration, with the option "
        "for a partner school selected. Key, academic year and short code are compared with the hub's before the "
        "first transfer.",
        steps=numbered([
            _year(facts), _hub(facts), _school(facts), _key(facts), _offers(facts), _structure(facts), _reading(facts),
            _export(facts), _ready(facts),
        ]),
    )  # fmt: skip


def _year(facts: PartnerFacts) -> Step:
    following = facts.hub.get("next_year")
    text = ["Data is exchanged for this one year only."]
    if following:
        text.append(
            f"The hub goes on to {following['year']} from {following['from']}; change the year here when your MIS does."
        )
    return Step(
        label="", title="Choose the academic year", text=tuple(text),
        facts=(Fact("Academic year", str(facts.hub["academic_year"])),),
    )  # fmt: skip


def _hub(facts: PartnerFacts) -> Step:
    hub = facts.hub
    return Step(
        label="", title="Enter the virtual school",
        facts=(
            Fact("Name", str(hub["name"])), Fact("Short code", str(hub["short_code"])),
            Fact("Address", str(hub.get("url") or "not declared yet: ask the hub")),
        ),
    )  # fmt: skip


def _school(facts: PartnerFacts) -> Step:
    """The short code, and what it is put in front of (rules 13 to 15)."""
    identifiers = facts.hub.get("identifiers") or {}
    separator = identifiers.get("separator") or ""
    prefixed = [
        *(["admission numbers", "tutor groups"] if not identifiers.get("admission_numbers_unique") else []),
        *(["staff codes"] if not identifiers.get("staff_codes_unique") else []),
    ]
    text = []
    if prefixed:
        words = " and ".join([", ".join(prefixed[:-1]), prefixed[-1]] if len(prefixed) > 1 else prefixed)
        shown = f"{facts.code}{separator}{_EXAMPLES[prefixed[0]]}"
        text.append(
            f"At the hub the short code stands in front of your {words}, as in {shown}. Yours stay as they are."
        )
    return Step(
        label="", title="Enter your school", text=tuple(text),
        facts=(Fact("Name", str(facts.school["name"])), Fact("Short code", facts.code)),
    )  # fmt: skip


def _key(facts: PartnerFacts) -> Step:
    key = facts.partner["data_exchange_key"]
    replaced = key.get("replaces")
    text = [
        "Enter the very key that the hub holds. No other school may use it.",
        "It is not on this sheet: take it over by the route agreed with the hub, never by e-mail.",
    ]
    if replaced:
        text.append(f"The key was renewed: it takes the place of the one that the hub calls {reference(replaced)}.")
    return Step(label="", title="Enter the Data Exchange Key", text=tuple(text),
                facts=(Fact("The hub calls it", reference(key)),))  # fmt: skip


def _offers(facts: PartnerFacts) -> Step:
    return Step(
        label="", title="Mark what you offer",
        text=("Only what is marked is taken. Whatever else is sent is dropped and reported, never stored.",),
        facts=(
            Fact("Students (Outplaced Students)", _offer(facts.partner["offers"], "students")),
            Fact("Classes (Outplaced Classes)", _offer(facts.partner["offers"], "classes")),
        ),
    )  # fmt: skip


def _offer(offers: Any, what: str) -> str:
    """Ids are counted, never listed: they are those of children."""
    chosen = offers if isinstance(offers, str) else offers[what]
    if chosen == "all":
        return f"all {what} of the year; nothing to mark"
    if isinstance(chosen, Mapping):
        return f"put them into the group {chosen['in_group']}"
    return f"the {len(chosen)} that the hub has listed by id; nothing to mark"


def _structure(facts: PartnerFacts) -> Step:
    """The declared structure, for the school to compare (rules 33, 34 and 41)."""
    shape = facts.structure
    text = [
        "Compare this with your timetable and tell the hub what differs. Periods are matched by name, never by time."
    ]
    if shape.weeks > 1:
        text.append(_weeks(facts))
    days = [(week, day) for week in range(1, shape.weeks + 1) for day in range(1, shape.days + 1)]
    return Step(
        label="", title="Check your period structure", text=tuple(text),
        facts=(Fact("Structure", f"{shape.name}: {shape.shape}"), *_times(facts)),
        grid=Grid(
            ("Day", "Periods"),
            tuple((f"Week {week} {DAYS[day - 1]}" if shape.weeks > 1 else DAYS[day - 1],
                   ", ".join(shape.day_periods(week, day)) or "no lessons") for week, day in days),
        ),
    )  # fmt: skip


def _weeks(facts: PartnerFacts) -> str:
    starts = facts.calendar.week_1_starts if facts.calendar else ()
    if not starts:
        return "Tell the hub on which Mondays your week 1 starts: it does not know."
    return "Week 1 starts, term by term, on " + ", ".join(_spoken(start) for start in starts) + "."


def _spoken(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _times(facts: PartnerFacts) -> Iterator[Fact]:
    if facts.times:
        yield Fact("Times, for information", ", ".join(f"{period} {time}" for period, time in facts.times.items()))


def _reading(facts: PartnerFacts) -> Step:
    """How the hub reads the school's MIS; a password appears as its reference only."""
    mis = facts.school.get("mis") or {}
    connector = str(mis.get("connector", ""))
    if connector in _FILES:
        place = mis.get("drop") or mis.get("path") or "the folder agreed with the hub"
        return Step(
            label="", title="Deliver your files",
            text=("Each delivery holds everybody whom you offer: whoever is missing counts as gone.",)
            if mis.get("complete") else (),
            facts=(Fact("What", _FILES[connector]), Fact("Where", str(place))),
        )  # fmt: skip
    entered = [Fact("Read through", connector or "not declared")]
    entered += [Fact(label, str(mis[name])) for name, label in _OPEN if mis.get(name)]
    entered += [Fact(label, f"reference {reference(mis[name])}") for name, label in _SECRET if mis.get(name)]
    if facts.entities:
        entered.append(Fact(f"Entities to tick ({len(facts.entities)})", ", ".join(facts.entities)))
    return Step(
        label="", title="Let the hub read your MIS",
        text=("Make a third-party account for the hub. It only reads.",), facts=tuple(entered),
    )  # fmt: skip


def _export(facts: PartnerFacts) -> Step:
    export = facts.partner.get("export")
    title = "Take what the hub sends back"
    if not export:
        return Step(label="", title=title, text=("Nothing: the hub sends no class assignments to you.",))
    sent = (
        "The hub sends the class assignments of your classes, and students of other schools who sit in them as guests. "
        "A guest is never an enrolment of yours."
    )
    if export.get("connector") == "exchange":
        return Step(
            label="", title=title,
            text=(sent, "Each call carries a token of the day, made from the Data Exchange Key, which never travels."),
            facts=(Fact("Address that the hub calls", str(export["url"])),),
        )  # fmt: skip
    return Step(
        label="", title=title, text=(sent,),
        facts=(Fact("Collect", _FILES.get(str(export.get("connector")), str(export.get("connector")))),
               Fact("From", str(export.get("drop") or export.get("url") or "the place agreed with the hub"))),
    )  # fmt: skip


def _ready(facts: PartnerFacts) -> Step:
    schedules = facts.hub.get("schedules") or {}
    named = (("students_and_classes", "Students and classes"), ("academic", "Academic data"))
    times = [Fact(label, _EVERY.get(str(schedules[name]), str(schedules[name])))
             for name, label in named if schedules.get(name)]  # fmt: skip
    return Step(
        label="", title="Save, and tell the hub that you are ready",
        text=("The hub runs the first import and the first export by hand. Afterwards they run by themselves.",),
        facts=(*times, Fact("Times are those of", str(facts.hub.get("timezone", "Europe/London")))),
    )  # fmt: skip
