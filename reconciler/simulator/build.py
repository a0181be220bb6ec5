"""Builds one school from its blueprint: roll, staff, rooms, tutor groups, classes, lessons."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

from reconciler.simulator import invent
from reconciler.simulator.blueprint import NamedPerson, SchoolBlueprint, named_staff, named_students, names
from reconciler.simulator.classes import build_classes
from reconciler.simulator.school import Room, School, StaffMember, Student, TutorGroup

FIRST_STAFF = 500_001
FIRST_ROOM = 101
FIRST_TUTOR_GROUP = 2001
TUTOR_GROUP_SIZE = 26
NO_TUTOR_GROUP = "NoTutorGrp"  # the sentinel of the read service


def build_school(blueprint: SchoolBlueprint, *, seed: int, scale: float, now: date, codes: set[str]) -> School:
    """One school at `scale` times its roll; `codes` are the staff codes taken so far in the whole estate."""
    staff = _staff(blueprint, seed=seed, scale=scale, codes=codes)
    present = [p for p in named_students() if p.school == blueprint.code and (p.start is None or p.start <= now)]
    here = [p for p in present if p.end is None or p.end >= now]
    labels = _year_labels(blueprint, scale=scale, named=here)
    groups = _tutor_groups(blueprint, labels, here, staff)
    students = _students(blueprint, labels, here, groups, seed=seed)
    students = _offer(blueprint, students, here, seed=seed, scale=scale)
    leavers = [_student(blueprint, p.id, p.year, 0, groups, seed=seed, named=p) for p in present if p not in here]
    rooms = tuple(Room(id=FIRST_ROOM + n, name=f"{'BCDEH'[n % 5]}{n // 5 + 1}") for n in range(max(4, len(staff))))
    return School(
        code=blueprint.code,
        name=blueprint.name,
        mis=blueprint.mis,
        school_id=blueprint.school_id,
        urn=blueprint.urn,
        establishment=blueprint.establishment,
        cycle=blueprint.cycle,
        students=tuple(sorted([*students, *leavers], key=lambda s: s.id)),
        staff=staff,
        rooms=rooms,
        tutor_groups=groups,
        classes=build_classes(blueprint, students, staff, rooms, seed=seed, scale=scale),
        seed=seed,
    )


def _year_labels(blueprint: SchoolBlueprint, *, scale: float, named: list[NamedPerson]) -> list[str]:
    """The year group of each pupil, in the proportions of the blueprint, with room for the named people."""
    full = [year for year, count in blueprint.years.items() for _ in range(count)]
    size = max(round(len(full) * scale), len(named))
    labels = [full[index * len(full) // size] for index in range(size)]
    for person in named:
        if labels.count(person.year) < sum(other.year == person.year for other in named):
            labels[_spare(labels, named)] = person.year
    return labels


def _spare(labels: list[str], named: list[NamedPerson]) -> int:
    """A place whose year group has more pupils than named people need."""
    return next(
        index for index, label in enumerate(labels) if labels.count(label) > sum(p.year == label for p in named)
    )


def _tutor_groups(
    blueprint: SchoolBlueprint, labels: list[str], named: list[NamedPerson], staff: tuple[StaffMember, ...]
) -> tuple[TutorGroup, ...]:
    groups: list[TutorGroup] = []
    for year in dict.fromkeys(label.removeprefix("Y") for label in [*labels, *(p.year for p in named)]):
        count = math.ceil(sum(label.removeprefix("Y") == year for label in labels) / TUTOR_GROUP_SIZE)
        for index in range(max(1, count)):
            number = len(groups)
            name = invent.tutor_group_name(blueprint.tutor_names, year, index)
            tutor = staff[number % len(staff)].id
            groups.append(TutorGroup(id=FIRST_TUTOR_GROUP + number, name=name, year_group=year, tutor=tutor))
    return tuple(groups)


def _students(
    blueprint: SchoolBlueprint, labels: list[str], named: list[NamedPerson], groups: tuple[TutorGroup, ...], *,
    seed: int,
) -> list[Student]:  # fmt: skip
    left = list(labels)
    for person in named:
        left.remove(person.year)
    fixed = {p.id for p in named_students() if p.school == blueprint.code}
    numbers = (n for n in range(blueprint.first_student, 10**9) if n not in fixed)
    found = [_student(blueprint, p.id, p.year, i, groups, seed=seed, named=p) for i, p in enumerate(named)]
    found += [_student(blueprint, next(numbers), year, i, groups, seed=seed) for i, year in enumerate(left)]
    return found


def _student(
    blueprint: SchoolBlueprint, number: int, year: str, index: int, groups: tuple[TutorGroup, ...], *, seed: int,
    named: NamedPerson | None = None,
) -> Student:  # fmt: skip
    of_year = [group.name for group in groups if group.year_group == year.removeprefix("Y")]
    tutor = named.tutor if named and named.tutor else (of_year[index % len(of_year)] if of_year else "")
    tutor = "" if tutor == NO_TUTOR_GROUP else tutor
    return invent.invent_student(blueprint, number, year_group=year, tutor_group=tutor, seed=seed, named=named)


def _offer(
    blueprint: SchoolBlueprint, students: list[Student], named: list[NamedPerson], *, seed: int, scale: float
) -> list[Student]:
    """Marks those offered: the named ones, then pupils of the offered years, then others, up to the count."""
    chosen = {p.id for p in named if p.offered}
    wanted = min(len(students), max(round(blueprint.offered_students * scale), len(chosen)))
    never = {p.id for p in named if not p.offered}
    throw = invent.dice(seed, blueprint.code, "offered")
    order = [s for s in students if s.id not in chosen | never]
    throw.shuffle(order)
    order.sort(key=lambda s: s.year_group not in blueprint.offer_years)
    chosen |= {s.id for s in order[: wanted - len(chosen)]}
    return [replace(s, offered=True) if s.id in chosen else s for s in students]


def _staff(blueprint: SchoolBlueprint, *, seed: int, scale: float, codes: set[str]) -> tuple[StaffMember, ...]:
    words, found = names(), []
    count = max(4, round(blueprint.roll * scale / 14))
    fixed = [p for p in named_staff() if p.school == blueprint.code]
    for index in range(count):
        throw = invent.dice(seed, blueprint.code, "staff", index)
        forename, surname, title = (
            throw.choice(words.forenames),
            throw.choice(words.surnames),
            throw.choice(words.titles),
        )
        person = fixed[index] if index < len(fixed) else None
        found.append(
            StaffMember(
                id=FIRST_STAFF + index,
                code=person.code if person else invent.staff_code(forename, surname, codes),
                title=person.title if person else title,
                forename=person.forename if person else forename,
                surname=person.surname if person else surname,
                job="Teacher" if index % 8 else "Head of Department",
                start=date(invent.FIRST_AUTUMN - throw.randrange(12), 9, 1),
            )
        )
    return tuple(found)
