"""The world: all schools of the example estate at one moment, and the changes that demos and tests make to it.

A world is a value. A change returns a new one that shares every school it did not touch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from hashlib import blake2b

from reconciler.simulator import blueprint, invent
from reconciler.simulator.build import build_school
from reconciler.simulator.school import School, Student, SubjectClass

ACCOUNT = "reconcile"  # the third-party account that the example estate uses everywhere
_MORNING = time(8, 40)  # the time of day where a world is given only a date


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """All schools by code; `now` is school-local wall-clock time and what GETDATE() answers."""

    seed: int
    now: datetime
    schools: Mapping[str, School]

    def secret(self, name: str) -> str:
        """The value of a secret of the example estate (`AVN_MIS_PASSWORD`), made from the seed."""
        return f"sim-{blake2b(f'{self.seed}:{name}'.encode(), digest_size=12).hexdigest()}"

    def password(self, code: str) -> str:
        """What the account `reconcile` at a school must say."""
        return self.secret(f"{code}_MIS_PASSWORD")

    def student(self, ref: str) -> Student:
        """The pupil `AVN:10233`; raises KeyError."""
        code, _, number = ref.partition(":")
        return self.schools[code].student(int(number))

    def at(self, now: date) -> World:
        """The same schools at another time; nobody joins or leaves by it."""
        return replace(self, now=_moment(now))

    def drop_students(self, code: str, percent: float) -> World:
        """Loses that share of a school's roll, of the offered and of the others alike, spread evenly."""
        school = self.schools[code]
        keep: list[Student] = []
        for group in (school.offered_students(), tuple(s for s in school.students if not s.offered)):
            lost = round(len(group) * percent / 100)
            gone = {group[index * len(group) // lost].id for index in range(lost)} if lost else set()
            keep += [s for s in group if s.id not in gone]
        return self._with(replace(school, students=tuple(sorted(keep, key=lambda s: s.id))))

    def rename(self, ref: str, *, forename: str = "", surname: str = "") -> World:
        """A name change under the same person id."""
        return self.change(ref, lambda s: replace(s, forename=forename or s.forename, surname=surname or s.surname))

    def offer(self, ref: str) -> World:
        """Marks a pupil Outplaced."""
        return self.change(ref, lambda s: replace(s, offered=True))

    def stop_offering(self, ref: str) -> World:
        """Takes the mark Outplaced away; the pupil stays on the roll."""
        return self.change(ref, lambda s: replace(s, offered=False))

    def leave(self, ref: str, on: date) -> World:
        """A last day at the school; the mark Outplaced goes with it."""
        return self.change(ref, lambda s: replace(s, end=on, offered=False))

    def enrol(self, ref: str, state: str) -> World:
        """Sets the enrolment state: C single, M main, S subsidiary, G guest."""
        return self.change(ref, lambda s: replace(s, enrolment=state))

    def change(self, ref: str, how: Callable[[Student], Student]) -> World:
        """Any change of one pupil; raises KeyError for one who is not on the roll."""
        found = self.student(ref)
        school = self.schools[ref.partition(":")[0]]
        return self._with(replace(school, students=tuple(how(s) if s is found else s for s in school.students)))

    def add_student(self, code: str, *, forename: str, surname: str, year_group: str, offered: bool = True) -> World:
        """A new pupil under the next free id, who joins today."""
        school = self.schools[code]
        plan = next(s for s in blueprint.schools() if s.code == code)
        number = max((s.id for s in school.students), default=plan.first_student - 1) + 1
        group = next((g.name for g in school.tutor_groups if g.year_group == year_group), "")
        student = invent.invent_student(plan, number, year_group=year_group, tutor_group=group, seed=self.seed)
        student = replace(student, forename=forename, surname=surname, middle_name="", preferred_forename="",
                          offered=offered, start=self.now.date())  # fmt: skip
        return self._with(replace(school, students=(*school.students, student)))

    def mark(self, ref: str, on: date, session: str, code: str) -> World:
        """Sets a mark of a pupil's session (`AM`, `PM` or a period), or corrects the one that is there."""
        return self._mark(ref, on, session, code)

    def unmark(self, ref: str, on: date, session: str) -> World:
        """Takes a mark away, row and all."""
        return self._mark(ref, on, session, None)

    def _mark(self, ref: str, on: date, session: str, code: str | None) -> World:
        school = self.schools[ref.partition(":")[0]]
        key = (self.student(ref).id, on, session)
        return self._with(replace(school, academic=school.academic.with_mark(key, code)))

    def add_behaviour_code(self, code: str, event: str, description: str) -> World:
        """Gives a school one more type of behaviour event than the hub has."""
        school = self.schools[code]
        types = (*school.academic.event_types, (event, description))
        return self._with(replace(school, academic=replace(school.academic, event_types=types)))

    def without_period(self, code: str, period: str) -> World:
        """The school has not keyed a period: neither its days nor its classes have it. Raises KeyError."""
        school = self.schools[code]
        if not any(period in day for day in school.cycle.periods):
            raise KeyError(f"{code} has no period {period}")
        cycle = replace(school.cycle, periods=tuple(tuple(p for p in day if p != period)
                                                    for day in school.cycle.periods))  # fmt: skip
        classes = tuple(replace(c, lessons=tuple(one for one in c.lessons if one.period != period))
                        for c in school.classes)  # fmt: skip
        return self._with(replace(school, cycle=cycle, classes=classes))

    def stop_offering_class(self, code: str, name: str) -> World:
        """Takes the mark Outplaced from a class, named as the school names it; raises KeyError."""
        return self.change_class(code, name, lambda c: replace(c, offered=False))

    def change_class(self, code: str, name: str, how: Callable[[SubjectClass], SubjectClass]) -> World:
        """Any change of one class; raises KeyError for an unknown name."""
        school = self.schools[code]
        if name not in {c.name for c in school.classes}:
            raise KeyError(f"{code} has no class {name}")
        return self._with(replace(school, classes=tuple(how(c) if c.name == name else c for c in school.classes)))

    def _with(self, school: School) -> World:
        return replace(self, schools={**self.schools, school.code: school})


def build_world(*, seed: int = 2026, scale: float = 1.0, now: date) -> World:
    """The eight schools of the example estate; equal arguments give equal worlds in every process.

    `scale` multiplies rolls and offers; at any scale the named people of the example are there. `now` may be a
    datetime in school-local time; a date alone means 08:40.
    """
    moment = _moment(now)
    codes: set[str] = {person.code for person in blueprint.named_staff()}
    built = {
        plan.code: build_school(plan, seed=seed, scale=scale, now=moment.date(), codes=codes)
        for plan in blueprint.schools()
    }
    return World(seed=seed, now=moment, schools=built)


def _moment(now: date) -> datetime:
    if isinstance(now, datetime):
        return now.replace(tzinfo=None)
    return datetime.combine(now, _MORNING)
