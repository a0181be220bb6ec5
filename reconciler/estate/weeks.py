"""Weeks of a timetable cycle on real days: a calendar says which week of the cycle a day is in (VS, rule 41).

In each term the weeks are counted both ways from its Monday of week 1, so that the days before it belong to the last
week of the cycle. A term that names no such Monday goes on from the one before; weeks between terms do not count.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

_WEEK = timedelta(days=7)
_SCHOOL_WEEK = 5  # days, from Monday, on which two schools are looked for to meet

Terms = tuple[tuple[date, date], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolCalendar:
    """First and last days of terms, both included, days inside them without lessons, Mondays on which week 1 starts."""

    name: str
    terms: Terms = ()
    closed: frozenset[date] = frozenset()
    week_1_starts: tuple[date, ...] = ()

    @classmethod
    def named(cls, name: str, entries: Mapping[str, Mapping[str, Any]]) -> SchoolCalendar | None:
        """The calendar of that name among schema-valid `entries`; what it does not write is that of the one that it
        is `like`. None where there is no such calendar."""
        chain: list[Mapping[str, Any]] = []
        seen: set[str] = set()
        following = name
        while following in entries and following not in seen:
            seen.add(following)
            chain.append(entries[following])
            following = str(entries[following].get("like") or "")
        if not chain:
            return None

        def first(key: str) -> list[Any]:
            return next((entry[key] for entry in chain if entry.get(key)), [])

        return cls(
            name=name,
            terms=tuple((_day(term["from"]), _day(term["to"])) for term in first("terms")),
            closed=frozenset(_day(day) for day in first("closed")),
            week_1_starts=tuple(sorted(monday(_day(day)) for day in first("week_1_starts"))),
        )

    def is_open(self, day: date) -> bool:
        """Whether the day lies in a term and is not closed; which days of the week are taught is the structure's."""
        return self._term(day) is not None and day not in self.closed

    def week(self, day: date, *, weeks: int) -> int | None:
        """The week of a cycle of `weeks` that the day is in, from 1; None outside the terms, and where nothing says
        which week is week 1."""
        term = self._term(day)
        if term is None or weeks == 1:
            return None if term is None else 1
        anchor = self._anchor(monday(day), term)
        if anchor is None:
            return None
        taught = _weeks_of(self.terms)
        return (bisect_left(taught, monday(day)) - bisect_left(taught, anchor)) % weeks + 1

    def _term(self, day: date) -> tuple[date, date] | None:
        return next((term for term in self.terms if term[0] <= day <= term[1]), None)

    def _anchor(self, week: date, term: tuple[date, date]) -> date | None:
        """The Monday of week 1 that decides: the term's own, the last one passed or else the first to come; for a term
        without one, the nearest of another term."""
        own = [start for start in self.week_1_starts if monday(term[0]) <= start <= term[1]] or self.week_1_starts
        passed = [start for start in own if start <= week]
        return passed[-1] if passed else next(iter(own), None)


@dataclass(frozen=True, slots=True)
class Meeting:
    """A day on which both schools are open, with the week of the cycle that it is at each."""

    day: date
    hub_week: int
    partner_week: int


@lru_cache(maxsize=512)
def meetings(hub: SchoolCalendar, partner: SchoolCalendar, *, hub_weeks: int, partner_weeks: int, first: date,
             last: date) -> tuple[Meeting, ...]:  # fmt: skip
    """The first common day of each week from `first` to `last`, in order; none where a calendar knows no weeks."""
    found = []
    for week in _weeks_of(hub.terms):
        day = next((d for d in days_from(week, _SCHOOL_WEEK) if hub.is_open(d) and partner.is_open(d)), None)
        if day is None or not first <= day <= last:
            continue
        here, there = hub.week(day, weeks=hub_weeks), partner.week(day, weeks=partner_weeks)
        if here is not None and there is not None:
            found.append(Meeting(day, here, there))
    return tuple(found)


def monday(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def days_from(first: date, count: int) -> Iterator[date]:
    """So many days in a row, beginning with `first`."""
    return (first + timedelta(days=n) for n in range(count))


def _day(text: object) -> date:
    return date.fromisoformat(str(text))


@lru_cache(maxsize=128)
def _weeks_of(terms: Terms) -> tuple[date, ...]:
    """The Mondays of all weeks that a term touches, in order."""
    found: set[date] = set()
    for first, last in terms:
        week = monday(first)
        while week <= last:
            found.add(week)
            week += _WEEK
    return tuple(sorted(found))
