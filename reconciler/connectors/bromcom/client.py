"""Speaks to the read service; knows requests and answers, not what they mean to us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from reconciler.connectors.exchange import HttpAnswer, HttpRequest
from reconciler.connectors.http import HttpClient
from reconciler.connectors.verdicts import server_error
from reconciler.errors import RefusedSourceError
from reconciler.formats.bromcom.decoder import DataSet, RawRow
from reconciler.formats.bromcom.encoder import Binding, Parameters, encode, find_entities, get_entity_data
from reconciler.formats.bromcom.faults import fault_error, sniff_fault
from reconciler.formats.bromcom.filters import NO_ROWS

_MEDIA = ("text/xml", "application/soap+xml", "application/xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The third-party account at one school."""

    school_id: int
    username: str
    password: str = field(repr=False)


@dataclass(slots=True, kw_only=True)
class BromcomClient:
    """The two operations that documentation and clients agree on. Every read may be repeated."""

    http: HttpClient
    url: str
    account: Account
    binding: Binding = Binding.SOAP11

    def entities(self) -> dict[str, str]:
        """What the account may read, by name in small letters: this list *is* the grant list (`protocols.md` 1.7)."""
        operation, parameters = find_entities(
            school_id=self.account.school_id, username=self.account.username, password=self.account.password
        )
        names = (row.get("EntityName", "").strip() for row in self._read("", operation, parameters)[1])
        found = {name.lower(): name for name in names if name}
        if not found:
            raise RefusedSourceError(
                "source.not_granted",
                "the school's system grants this account no entity at all",
                hint="the school ticks the entities under Third Party Access Permissions, then saves",
            )
        return found

    def columns(self, entity: str) -> tuple[str, ...]:
        """The columns of an entity, without a row of it."""
        dataset, rows = self.rows(entity, NO_ROWS)
        for _ in rows:
            pass
        return dataset.columns

    def rows(self, entity: str, entity_filter: str) -> tuple[DataSet, Iterator[RawRow]]:
        """The DataSet, whose `columns` are known from the first row on, and its rows."""
        operation, parameters = get_entity_data(
            school_id=self.account.school_id, entity=entity, entity_filter=entity_filter,
            username=self.account.username, password=self.account.password,
        )  # fmt: skip
        return self._read(entity, operation, parameters)

    def _read(self, entity: str, operation: str, parameters: Parameters) -> tuple[DataSet, Iterator[RawRow]]:
        encoded = encode(operation, parameters, self.binding)
        request = HttpRequest(
            method=encoded.method,
            url=self.url + encoded.path + (f"?{encoded.query}" if encoded.query else ""),
            headers=dict(encoded.headers), body=encoded.body, repeatable=True,
            statuses=frozenset({200, 500}), media=_MEDIA,
        )  # fmt: skip
        answer = self.http.exchange(request, check=lambda it: _check(it, entity))
        dataset = DataSet(answer.chunks(), entity=entity)
        return dataset, _closing(answer, dataset)


def _check(answer: HttpAnswer, entity: str) -> None:
    """A fault travels with status 500, as other trouble does; only its body tells them apart."""
    if answer.status == 500:
        fault = sniff_fault(answer.chunks())
        raise (fault_error(fault, entity=entity) if fault else server_error("the school's system answered 500"))


def _closing(answer: HttpAnswer, dataset: DataSet) -> Iterator[RawRow]:
    with answer:
        yield from dataset
