"""The operations of the read service: what they ask for and what they answer, without any transport."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any

from reconciler.simulator.bromcom.catalogue import Column, EntityTable, find_entity
from reconciler.simulator.bromcom.filters.evaluate import compile_filter
from reconciler.simulator.bromcom.filters.parse import parse, pinned
from reconciler.simulator.bromcom.filters.tokens import FilterError
from reconciler.simulator.bromcom.tables import rows
from reconciler.simulator.school import School

NAMESPACE = "http://tempuri.org/"
ENTITY_NAME = (Column("EntityName", "string", "seen"),)
_LOGIN = ("username", "password")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its request children in schema order and the sort of its result: DataSet, string or boolean."""

    name: str
    parameters: tuple[str, ...]
    result: str


OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation("findEntities", _LOGIN, "DataSet"),
        Operation("findEntitiesBySchoolID", ("schoolID", *_LOGIN), "DataSet"),
        Operation("findEntitiesBySchoolIDAsXml", ("schoolID", *_LOGIN), "string"),
        Operation("getEntityData", ("entityName", "entityFilter", *_LOGIN), "DataSet"),
        Operation("getEntityDataBySchoolID", ("schoolID", "entityName", "entityFilter", *_LOGIN), "DataSet"),
        Operation("getEntityDataBySchoolIDAsXml", ("schoolID", "entityName", "entityFilter", *_LOGIN), "string"),
        Operation("getExcelAddInData", ("schoolID", *_LOGIN, "columns", "domain", "filters"), "DataSet"),
        Operation("getExcelAddInColumns", ("schoolID", *_LOGIN, "domain"), "DataSet"),
        Operation("validateExcelAddInAccount", ("schoolID", *_LOGIN), "boolean"),
        Operation("getFMS6Data", ("schoolID", *_LOGIN, "dataRequestType"), "string"),
        Operation("testDatabaseConnection", ("schoolID",), "boolean"),
    )
}


class ServiceFault(Exception):
    """What the service answers with instead of data; `client` blames the request. Its text is sent."""

    def __init__(self, text: str, *, client: bool = False) -> None:
        super().__init__(text)
        self.client = client


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A third-party account of one school with the entities it was granted."""

    username: str
    password: str
    entities: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """An answer of rows; `entity` is empty for the list of entities."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    entity: str = ""


ChangeRows = Callable[[EntityTable, list[Sequence[Any]]], list[Sequence[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that one request is answered from.

    `school_id` is the number that this address answers to; `style` says how a refusal looks, `fault` or
    `empty-dataset`.
    """

    school: School
    school_id: int
    account: Account
    style: str
    now: datetime
    change_rows: ChangeRows


def answer(desk: Desk, operation: Operation, values: Mapping[str, str]) -> Tables | bool:
    """The result of an operation; `values` are its parameters. Raises ServiceFault."""
    if operation.name == "testDatabaseConnection":
        return _school_number(values) == desk.school_id
    if operation.name == "validateExcelAddInAccount":
        return not _refusal(desk, operation, values)
    if refusal := _refusal(desk, operation, values):
        return _refuse(desk, refusal, find_entity(values.get("entityName", "")))
    if operation.name.startswith("findEntities"):
        return Tables(columns=ENTITY_NAME, rows=[(name,) for name in sorted(desk.account.entities)])
    if operation.name.startswith("getEntityData"):
        return _entity_data(desk, values)
    raise ServiceFault(f"The simulator does not offer {operation.name}.")


def _refusal(desk: Desk, operation: Operation, values: Mapping[str, str]) -> str:
    if "schoolID" in operation.parameters and _school_number(values) != desk.school_id:
        return "The school could not be found."
    name_ok = compare_digest(values.get("username", "").encode(), desk.account.username.encode())
    word_ok = compare_digest(values.get("password", "").encode(), desk.account.password.encode())
    return "" if name_ok and word_ok else "Invalid user name or password."


def _school_number(values: Mapping[str, str]) -> int:
    try:
        return int(values.get("schoolID", "").strip())
    except ValueError:
        raise ServiceFault("Input string was not in a correct format.", client=True) from None


def _refuse(desk: Desk, reason: str, entity: EntityTable | None) -> Tables:
    if desk.style == "fault":
        raise ServiceFault(reason)
    return Tables(columns=entity.columns if entity else ENTITY_NAME, rows=())


def _entity_data(desk: Desk, values: Mapping[str, str]) -> Tables:
    name = values.get("entityName", "")
    entity = find_entity(name)
    if entity is None or not _granted(entity, desk.account.entities):
        return _refuse(desk, f"Access to the entity '{name}' is not permitted.", entity)
    try:
        condition = parse(values.get("entityFilter", ""))
        matches = compile_filter(condition, entity, now=desk.now)
        every = rows(desk.school, entity, classes=pinned(condition, "ClassID"),
                     students=pinned(condition, "StudentID"), until=desk.now.date())  # fmt: skip
        found = [row for row in every if matches(row)]
    except FilterError as problem:
        raise ServiceFault(str(problem)) from problem
    return Tables(columns=entity.columns, rows=desk.change_rows(entity, list(found)), entity=entity.name)


def _granted(entity: EntityTable, entities: Collection[str]) -> bool:
    """Grants compare without regard to capitals, and an alias is as good as the name."""
    names = {name.lower() for name in (entity.name, *entity.aliases)}
    return any(grant.lower() in names for grant in entities)
