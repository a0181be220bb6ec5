"""A simulated school as OneRoster records, each a mapping of header to text.

Group marks travel in the extension column `metadata.groups` (a comma list), timetable slots in `periods` of classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from reconciler.simulator.invent import FIRST_AUTUMN
from reconciler.simulator.school import School, Student, SubjectClass
from reconciler.vocabulary.slots import Slot

GROUP = "VS Outplaced"
YEAR_ID = f"Y{FIRST_AUTUMN}"
Record = Mapping[str, str]

_BASE = ["sourcedId", "status", "dateLastModified"]
_USERS_11 = ["enabledUser", "orgSourcedIds", "role", "username", "userIds", "givenName", "familyName", "middleName",
             "identifier", "email", "sms", "phone", "agentSourcedIds", "grades", "password"]  # fmt: skip
_USERS_12 = ["enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email",
             "sms", "phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier", "resourceSourcedIds",
             "preferredGivenName", "preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId",
             "pronouns"]  # fmt: skip
_EXTRA_USER = ["metadata.groups", "metadata.enrolmentStatus", "metadata.staffCode"]
HEADERS: Mapping[str, list[str]] = {
    "academicSessions": [*_BASE, "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"],
    "orgs": [*_BASE, "name", "type", "identifier", "parentSourcedId"],
    "courses": [*_BASE, "schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects",
                "subjectCodes"],
    "classes": [*_BASE, "title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId",
                "termSourcedIds", "subjects", "subjectCodes", "periods", "metadata.groups"],
    "enrollments": [*_BASE, "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate",
                    "endDate"],
    "demographics": [*_BASE, "birthDate", "sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican",
                     "nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces",
                     "hispanicOrLatinoEthnicity", "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth",
                     "publicSchoolResidenceStatus"],
    "roles": [*_BASE, "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId",
              "userProfileSourcedId"],
}  # fmt: skip


def headers(name: str, version: str) -> list[str]:
    """The header row of a file in a version."""
    if name == "users":
        return [*_BASE, *(_USERS_11 if version == "1.1" else _USERS_12), *_EXTRA_USER]
    return HEADERS[name]


def org_id(school: School) -> str:
    return f"{school.code}-{school.urn}"


def academic_sessions(school: School) -> Iterator[Record]:
    calendar, year = school.cycle.calendar, str(FIRST_AUTUMN + 1)
    yield {"sourcedId": YEAR_ID, "title": f"{FIRST_AUTUMN}-{FIRST_AUTUMN + 1}", "type": "schoolYear",
           "startDate": _day(calendar.first_day), "endDate": _day(calendar.last_day), "schoolYear": year}  # fmt: skip
    for number, (first, last) in enumerate(calendar.terms, start=1):
        yield {"sourcedId": f"{YEAR_ID}-T{number}", "title": f"Half term {number}", "type": "term",
               "startDate": _day(first), "endDate": _day(last), "parentSourcedId": YEAR_ID,
               "schoolYear": year}  # fmt: skip


def orgs(school: School) -> Iterator[Record]:
    yield {"sourcedId": org_id(school), "name": school.name, "type": "school", "identifier": school.urn}


def courses(school: School) -> Iterator[Record]:
    for subject in dict.fromkeys(one.subject for one in school.classes):
        yield {"sourcedId": _course(subject), "schoolYearSourcedId": YEAR_ID, "title": subject,
               "orgSourcedId": org_id(school), "subjects": subject}  # fmt: skip


def _course(subject: str) -> str:
    return f"course-{subject.lower().replace(' ', '-')}"


def classes(school: School) -> Iterator[Record]:
    """Teaching groups as `scheduled` classes, tutor groups as `homeroom` ones."""
    rooms = {room.id: room.name for room in school.rooms}
    for one in school.classes:
        room = next((rooms[lesson.room] for lesson in one.lessons if lesson.room), "")
        yield {"sourcedId": str(one.id), "title": one.name, "grades": one.year_group, "location": room,
               "courseSourcedId": _course(one.subject), "classCode": one.name, "classType": "scheduled",
               "schoolSourcedId": org_id(school), "termSourcedIds": YEAR_ID, "subjects": one.subject,
               "periods": ",".join(_slots(one)), "metadata.groups": GROUP if one.offered else ""}  # fmt: skip
    for group in school.tutor_groups:
        yield {"sourcedId": str(group.id), "title": group.name, "grades": group.year_group, "classType": "homeroom",
               "schoolSourcedId": org_id(school), "termSourcedIds": YEAR_ID}  # fmt: skip


def _slots(one: SubjectClass) -> list[str]:
    return list(dict.fromkeys(str(Slot(lesson.week, lesson.day, lesson.period)) for lesson in one.lessons))


def users(school: School) -> Iterator[Record]:
    domain = f"{school.code.lower()}.example"
    for s in school.students:
        upns = f"{{UPN:{s.upn}}}" + (f",{{formerUPN:{s.former_upn}}}" if s.former_upn else "")
        yield {**_user(school, s.id, "student"), "givenName": s.forename, "familyName": s.surname,
               "middleName": s.middle_name, "identifier": s.admission_number, "grades": s.year_group,
               "email": f"{s.id}@students.{domain}", "userIds": upns, "preferredGivenName": s.preferred_forename,
               "metadata.groups": GROUP if s.offered else "", "metadata.enrolmentStatus": s.enrolment}  # fmt: skip
    for m in school.staff:
        yield {**_user(school, m.id, "teacher"), "givenName": m.forename, "familyName": m.surname, "identifier": m.code,
               "email": f"{m.code.lower()}@{domain}", "metadata.staffCode": m.code}  # fmt: skip


def _user(school: School, number: int, role: str) -> dict[str, str]:
    return {"sourcedId": str(number), "enabledUser": "true", "orgSourcedIds": org_id(school), "role": role,
            "username": f"{school.code.lower()}{number}", "primaryOrgSourcedId": org_id(school)}  # fmt: skip


def roles(school: School) -> Iterator[Record]:
    everybody = [(s.id, "student", s.start, s.end) for s in school.students]
    everybody += [(m.id, "teacher", m.start, None) for m in school.staff]
    for number, role, first, last in everybody:
        yield {"sourcedId": f"role-{number}", "userSourcedId": str(number), "roleType": "primary", "role": role,
               "beginDate": _day(first), "endDate": _day(last), "orgSourcedId": org_id(school)}  # fmt: skip


def demographics(school: School) -> Iterator[Record]:
    for s in school.students:
        yield {"sourcedId": str(s.id), "birthDate": _day(s.birth_date), "sex": "male" if s.gender == "M" else "female"}


def enrollments(school: School) -> Iterator[Record]:
    here: dict[int, Student] = {s.id: s for s in school.students}
    groups = {group.name: group.id for group in school.tutor_groups}
    for one in school.classes:
        for place, teacher in enumerate(one.teachers):
            yield _enrolled(school, one.id, teacher, "teacher", (one.start, one.end), primary=place == 0)
        for number in one.students:
            if number in here:
                yield _enrolled(school, one.id, number, "student", (one.start, one.end))
    for s in school.students:
        if s.tutor_group in groups:
            calendar = school.cycle.calendar
            yield _enrolled(school, groups[s.tutor_group], s.id, "student",
                            (calendar.first_day, s.end or calendar.last_day))  # fmt: skip


def _enrolled(
    school: School, group: int, user: int, role: str, between: tuple[date, date], *, primary: bool = False
) -> Record:
    return {"sourcedId": f"{group}-{user}", "classSourcedId": str(group), "schoolSourcedId": org_id(school),
            "userSourcedId": str(user), "role": role, "primary": "true" if primary else "false",
            "beginDate": _day(between[0]), "endDate": _day(between[1])}  # fmt: skip


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
