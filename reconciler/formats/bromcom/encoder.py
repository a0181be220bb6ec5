"""Requests to the read service in its four bindings (`protocols.md` 1.2 and 1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from urllib.parse import urlencode

NAMESPACE = "http://tempuri.org/"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"

Parameters = Sequence[tuple[str, str]]


class Binding(StrEnum):
    """How a request travels. With `GET` the password stands in the address, which servers write to their logs."""

    SOAP11 = "soap11"
    SOAP12 = "soap12"
    POST = "post"
    GET = "get"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedRequest:
    """What to send: `query` goes behind the address of the service, `path` in front of it."""

    method: str
    path: str = ""
    query: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)


def find_entities(*, school_id: int, username: str, password: str) -> tuple[str, Parameters]:
    """The operation that lists what the account may read, and its parameters in schema order."""
    return "findEntitiesBySchoolID", (("schoolID", str(school_id)), ("username", username), ("password", password))


def get_entity_data(
    *, school_id: int, entity: str, entity_filter: str, username: str, password: str
) -> tuple[str, Parameters]:
    """The operation that reads an entity, and its parameters in schema order."""
    return "getEntityDataBySchoolID", (
        ("schoolID", str(school_id)),
        ("entityName", entity),
        ("entityFilter", entity_filter),
        ("username", username),
        ("password", password),
    )


def encode(operation: str, parameters: Parameters, binding: Binding) -> EncodedRequest:
    """One request; texts are escaped for the binding."""
    if binding is Binding.GET:
        return EncodedRequest(method="GET", path=f"/{operation}", query=urlencode(parameters))
    if binding is Binding.POST:
        return EncodedRequest(
            method="POST", path=f"/{operation}", body=urlencode(parameters).encode("ascii"),
            headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        )  # fmt: skip
    action = f'"{NAMESPACE}{operation}"'
    if binding is Binding.SOAP11:
        return EncodedRequest(
            method="POST", body=_envelope(operation, parameters, SOAP11),
            headers=(("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", action)),
        )  # fmt: skip
    return EncodedRequest(
        method="POST", body=_envelope(operation, parameters, SOAP12),
        headers=(("Content-Type", f"application/soap+xml; charset=utf-8; action={action}"),),
    )  # fmt: skip


def _envelope(operation: str, parameters: Parameters, namespace: str) -> bytes:
    children = "".join(f"<{name}>{_text(value)}</{name}>" for name, value in parameters)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{namespace}"><soap:Body>'
        f'<{operation} xmlns="{NAMESPACE}">{children}</{operation}></soap:Body></soap:Envelope>'
    ).encode()


def _text(value: str) -> str:
    """Escaped; a carriage return too, which a parser would otherwise turn into a line feed."""
    return escape(value, quote=False).replace("\r", "&#13;")
