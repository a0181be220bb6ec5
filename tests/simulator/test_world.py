"""The simulated schools are the example estate's, to the number and to the named person."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import date

import pytest

from reconciler.simulator.school import School
from reconciler.simulator.world import World, build_world
from reconciler.vocabulary import upn

NOW = date(2026, 11, 23)

ROLLS = [
    # code, (on roll, offered pupils, offered classes, slots of the cycle, weeks)
    ("AVN", (1140, 64, 9, 25, 1)),
    ("BRK", (980, 51, 7, 50, 2)),
    ("CST", (720, 88, 14, 20, 1)),
    ("DNE", (1310, 22, 3, 60, 2)),
    ("FGT", (74, 31, 5, 18, 1)),
    ("GHL", (410, 47, 8, 60, 2)),
    ("HRT", (128, 9, 0, 25, 1)),
    ("ELM", (412, 0, 0, 10, 1)),
]


def _content(school: School) -> tuple[object, ...]:
    return (school.students, school.staff, school.rooms, school.tutor_groups, school.classes)


def _digest(world: World) -> str:
    return hashlib.sha256(repr([_content(s) for s in world.schools.values()]).encode()).hexdigest()


@pytest.mark.parametrize(("code", "expected"), ROLLS)
def test_each_school_has_the_roll_and_the_offer_of_the_example_estate(
    world: World, code: str, expected: tuple[int, ...]
) -> None:
    """Rolls, offers and period structures are the documented ones at scale 1."""
    school = world.schools[code]
    found = (school.on_roll(NOW), school.offered_students(), school.offered_classes(), school.cycle.slots())
    assert (*map(len, found), school.cycle.weeks) == expected


def test_equal_arguments_give_equal_worlds(world: World) -> None:
    """The seed alone decides who is in the world."""
    assert _digest(build_world(now=NOW)) == _digest(world)
    assert _digest(build_world(seed=7, now=NOW)) != _digest(world)


def test_another_process_builds_the_same_world(world: World) -> None:
    """Nothing depends on the order in which a process hashes text."""
    script = (
        "from datetime import date; from reconciler.simulator.world import build_world;"
        "from tests.simulator.test_world import _digest; print(_digest(build_world(now=date(2026, 11, 23))))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == _digest(world)


@pytest.mark.parametrize("scale", [0.001, 0.05, 2.0])
def test_the_named_people_are_there_at_any_scale(scale: float) -> None:
    """A small world still has every person whom the example counts on, and a large one is larger."""
    world = build_world(scale=scale, now=NOW)
    named = {
        "AVN:10233": "Pellow", "BRK:20041": "Quill", "DNE:24377": "Tasker", "FGT:50017": "Tasker",
        "GHL:60058": "Lindqvist", "BRK:20118": "Holm", "AVN:10501": "Ó Néill", "AVN:10502": "Żuraw",
        "CST:40077": "Wŷn", "GHL:60102": "O’Dea", "CST:40078": "E",
    }  # fmt: skip
    assert {ref: world.student(ref).surname for ref in named} == named
    assert all(world.student(ref).offered for ref in named)
    assert len(world.student("FGT:50031").surname) == 70
    sizes = {code: len(school.on_roll(NOW)) for code, school in world.schools.items()}
    assert sizes["AVN"] == max(round(1140 * scale), 3)
    assert "12B/Ph1" in {one.name for one in world.schools["BRK"].offered_classes()}


def test_every_pupil_number_has_its_check_letter(world: World) -> None:
    """All are valid, none belongs to two people, and some are temporary."""
    numbers = Counter(s.upn for school in world.schools.values() for s in school.students)
    assert all(upn.is_valid(number) for number in numbers)
    assert all(number[1:4] == "999" for number in numbers)
    shared = [number for number, times in numbers.items() if times > 1]
    assert shared == [world.student("DNE:24377").upn]
    assert 20 < sum(upn.is_temporary(number) for number in numbers) < 200


def test_one_admission_number_is_two_people(world: World) -> None:
    """004512 is Idris Pellow at Ashvale and Marta Quill at Brackenmoor; no other number occurs twice."""
    holders = [
        (s.admission_number, f"{code}:{s.id}") for code, school in world.schools.items() for s in school.students
    ]
    times = Counter(number for number, _ in holders)
    assert [number for number, count in times.items() if count > 1] == ["004512"]
    assert [ref for number, ref in holders if number == "004512"] == ["AVN:10233", "BRK:20041"]


def test_one_staff_code_is_two_people(world: World) -> None:
    """JSM is J. Smithson at Ashvale and J. Smales at Gillhead; no other code occurs twice."""
    holders = [(m.code, code, m.surname) for code, school in world.schools.items() for m in school.staff]
    times = Counter(code for code, _, _ in holders)
    assert [code for code, count in times.items() if count > 1] == ["JSM"]
    assert [(code, name) for staff_code, code, name in holders if staff_code == "JSM"] == [
        ("AVN", "Smithson"), ("GHL", "Smales")]  # fmt: skip


def test_tutor_group_12a_is_at_three_schools(world: World) -> None:
    """Each of the three has pupils on offer in it."""
    having = [code for code, school in world.schools.items() if any(g.name == "12A" for g in school.tutor_groups)]
    assert having == ["AVN", "BRK", "CST"]
    for code in having:
        assert any(s.tutor_group == "12A" for s in world.schools[code].offered_students())


def test_rowan_tasker_is_registered_twice(world: World) -> None:
    """Main at Dunescar, subsidiary at Foxgate, one child by pupil number and birth date."""
    main, other = world.student("DNE:24377"), world.student("FGT:50017")
    assert (main.enrolment, other.enrolment) == ("M", "S")
    assert (main.upn, main.birth_date, main.forename) == (other.upn, other.birth_date, other.forename)


def test_sefa_lindqvist_moves_between_two_schools() -> None:
    """At Ashvale until 16 October with a temporary number, at Gillhead from 2 November with a permanent one."""
    before, between, after = (build_world(now=date(2026, *day), scale=0.05) for day in ((10, 1), (10, 20), (11, 2)))
    assert before.student("AVN:10347").offered
    assert not between.student("AVN:10347").offered
    with pytest.raises(KeyError, match="60058"):
        between.student("GHL:60058")
    left, joined = after.student("AVN:10347"), after.student("GHL:60058")
    assert (left.end, joined.start) == (date(2026, 10, 16), date(2026, 11, 2))
    assert upn.is_temporary(left.upn)
    assert not upn.is_temporary(joined.upn)
    assert (joined.former_upn, joined.birth_date) == (left.upn, left.birth_date)


def test_birth_dates_fit_year_groups(world: World) -> None:
    """Year 7 of 2026-2027 was born from September 2014 to August 2015."""
    for school in world.schools.values():
        for student in school.students:
            if student.year_group == "7":
                assert date(2014, 9, 1) <= student.birth_date <= date(2015, 8, 31)


def test_elmswater_has_three_pupils_with_a_wrong_year_code(world: World) -> None:
    """58 in R, 59 in 1, three in Y1, 60 in 2."""
    years = Counter(s.year_group for s in world.schools["ELM"].students)
    assert (years["R"], years["1"], years["Y1"], years["2"]) == (58, 59, 3, 60)


def test_offered_classes_hold_offered_pupils_and_lessons_of_the_cycle(world: World) -> None:
    """Members are offered, teachers and rooms exist, and every lesson stands in the school's own structure."""
    for school in world.schools.values():
        offered = {s.id for s in school.offered_students()}
        staff, rooms, slots = {m.id for m in school.staff}, {r.id for r in school.rooms}, set(school.cycle.slots())
        for one in school.offered_classes():
            assert one.students
            assert set(one.students) <= offered
            for lesson in one.lessons:
                assert (lesson.week, lesson.day, lesson.period) in slots
                assert lesson.staff is None or lesson.staff in staff
                assert lesson.room is None or lesson.room in rooms


def test_cycle_weeks_count_both_ways_from_a_week_1(world: World) -> None:
    """The days before a half term's first week 1 belong to week 2, and each half term starts its count anew."""
    dates = world.schools["BRK"].cycle.dates()
    weeks = {day: week for (week, _), days in dates.items() for day in days}
    assert weeks[date(2026, 9, 3)] == 2
    assert weeks[date(2026, 9, 7)] == 1
    assert weeks[date(2026, 9, 14)] == 2
    assert weeks[date(2026, 11, 3)] == 2
    assert weeks[date(2026, 11, 23)] == 1
    assert date(2026, 10, 27) not in weeks  # half term
    assert date(2026, 9, 2) not in weeks  # closed
