"""The files of the three dialects, the columns that we read and those that merely exist.

A column that is not named in a `Table` is never looked at: passwords, ethnicity, flags of need and of meals stay in the
file. Of `userFlags` and `relationships` only the persons are read, so that each row can be named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One file: our name of a column -> how the dialects spell it. `needed` must be there."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    needed: frozenset[str]
    ignored: frozenset[str] = field(default=frozenset())

    @property
    def spellings(self) -> frozenset[str]:
        """Every header that is right in this file."""
        return frozenset(name for names in self.columns.values() for name in names) | self.ignored


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _table(name: str, needed: str, columns: Mapping[str, str], ignored: str = "") -> Table:
    return Table(
        name=name,
        columns={ours: tuple(theirs.split("|")) for ours, theirs in columns.items()},
        needed=_words(needed),
        ignored=_words(ignored) | {"dateLastModified"},
    )


TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        _table(
            "users", "id forename surname",
            {"id": "sourcedId", "status": "status", "role": "role", "identifier": "identifier", "ids": "userIds",
             "forename": "givenName", "surname": "familyName", "preferred_forename": "preferredGivenName",
             "preferred_surname": "preferredFamilyName", "grades": "grades", "groups": "metadata.groups",
             "enrolment_status": "metadata.enrolmentStatus", "staff_code": "metadata.staffCode"},
            "enabledUser orgSourcedIds username middleName email sms phone agentSourcedIds password pronouns "
            "userMasterIdentifier resourceSourcedIds preferredMiddleName primaryOrgSourcedId activeDirectoryMatchId",
        ),
        _table(
            "roles", "user role",
            {"user": "userSourcedId", "status": "status", "role": "role", "grades": "grade",
             "session": "sessionSourcedId", "start": "beginDate|roleStartDate", "end": "endDate|roleEndDate"},
            "sourcedId roleType orgSourcedId userProfileSourcedId isPrimary",
        ),
        _table(
            "classes", "id title",
            {"id": "sourcedId", "status": "status", "title": "title", "grades": "grades", "kind": "classType",
             "room": "location", "sessions": "termSourcedIds|sessionSourcedIds", "subjects": "subjects",
             "course": "courseSourcedId", "slots": "periods", "groups": "metadata.groups"},
            "classCode schoolSourcedId orgSourcedId subjectCodes code",
        ),
        _table(
            "enrollments", "class user role",
            {"class": "classSourcedId", "user": "userSourcedId", "role": "role", "status": "status",
             "primary": "primary", "start": "beginDate", "end": "endDate"},
            "sourcedId schoolSourcedId",
        ),
        _table("academicSessions", "id",
               {"id": "sourcedId", "status": "status", "start": "startDate", "end": "endDate"},
               "title type parentSourcedId schoolYear"),
        _table("orgs", "id", {"id": "sourcedId", "status": "status", "name": "name", "kind": "type",
                              "identifier": "identifier"}, "parentSourcedId"),
        _table("courses", "id", {"id": "sourcedId", "title": "title"},
               "status schoolYearSourcedId courseCode code grades grade orgSourcedId subjects subject subjectCodes"),
        _table(
            "demographics", "user", {"user": "sourcedId|userSourcedId", "birth_date": "birthDate"},
            "status sex americanIndianOrAlaskaNative asian blackOrAfricanAmerican white demographicRaceTwoOrMoreRaces "
            "nativeHawaiianOrOtherPacificIslander hispanicOrLatinoEthnicity countryOfBirthCode cityOfBirth birthCity "
            "stateOfBirthAbbreviation publicSchoolResidenceStatus birthState birthCountry ethnicityCodes raceCodes",
        ),
        _table("relationships", "user contact", {"user": "userSourcedId", "contact": "relationshipUserSourcedId"},
               "relationshipRole"),
        _table("userFlags", "user", {"user": "userSourcedId"}, "flag"),
    )
}  # fmt: skip

# Files that may stand in a package and that we have no use for.
OTHER_FILES = _words(
    "manifest lineItems results categories resources classResources courseResources userResources "
    "scoreScales userProfiles lineItemLearningObjectiveIds lineItemScoreScales resultLearningObjectiveIds "
    "resultScoreScales"
)


def likeness(header: frozenset[str]) -> str:
    """The file whose columns these are, for a file that was copied under another's name; empty when unclear."""
    best = max(TABLES.values(), key=lambda table: len(header & table.spellings) / max(len(header), 1))
    return best.name if len(header & best.spellings) >= 0.8 * len(header) else ""
