"""Requests and answers of the four bindings: SOAP 1.1, SOAP 1.2, HTTP GET and HTTP POST."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape

from lxml import etree

from reconciler.simulator.bromcom.dataset import data_set, plain_xml
from reconciler.simulator.bromcom.operations import NAMESPACE, OPERATIONS, Operation, ServiceFault, Tables

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


class Binding(StrEnum):
    SOAP_11 = "soap11"
    SOAP_12 = "soap12"
    GET = "get"
    POST = "post"

    @property
    def content_type(self) -> str:
        return f"{'application/soap+xml' if self is Binding.SOAP_12 else 'text/xml'}; charset=utf-8"


class BadRequest(Exception):
    """A body that is no request at all; answered with HTTP 400."""


@dataclass(frozen=True, slots=True)
class Request:
    binding: Binding
    operation: Operation
    values: Mapping[str, str]


def plain_request(binding: Binding, name: str, values: Mapping[str, str]) -> Request:
    """A request of the GET or POST binding. Raises ServiceFault for an unknown operation."""
    operation = next((o for o in OPERATIONS.values() if o.name.lower() == name.lower()), None)
    if operation is None:
        raise ServiceFault(f"{name} Web Service method name is not valid.", client=True)
    return Request(binding, operation, _named(operation, values))


def soap_binding(body: bytes) -> Binding:
    """Which SOAP a body speaks; raises BadRequest."""
    return _read(body)[0]


def soap_request(body: bytes, action: str) -> Request:
    """A SOAP request; `action` is the SOAPAction header or the content type's action, empty where neither came.

    Raises BadRequest for what is no envelope and ServiceFault for an unknown operation.
    """
    binding, call = _read(body)
    name = action.strip().strip('"').removeprefix(NAMESPACE) if action.strip().strip('"') else _local(call)
    operation = OPERATIONS.get(name)
    if operation is None:
        raise ServiceFault(f"Server did not recognize the value of HTTP Header SOAPAction: {name}.", client=True)
    values = {_local(child): child.text or "" for child in call if isinstance(child.tag, str)}
    return Request(binding, operation, _named(operation, values))


def _read(body: bytes) -> tuple[Binding, etree._Element]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as problem:
        raise BadRequest("the body is not well-formed XML") from problem
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadRequest("a document type is not accepted")
    for namespace, binding in ((SOAP_11, Binding.SOAP_11), (SOAP_12, Binding.SOAP_12)):
        content = root.find(f"{{{namespace}}}Body") if root.tag == f"{{{namespace}}}Envelope" else None
        if content is not None:
            call = next((child for child in content if isinstance(child.tag, str)), None)
            if call is not None:
                return binding, call
    raise BadRequest("the body is not a SOAP envelope with a call in it")


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _named(operation: Operation, values: Mapping[str, str]) -> dict[str, str]:
    """The parameters under their own names; some clients begin them with a capital letter."""
    given = {name.lower(): value for name, value in values.items()}
    return {name: given[name.lower()] for name in operation.parameters if name.lower() in given}


def render(request: Request, result: Tables | bool) -> Iterator[str]:
    """The answer of a request as text, in pieces."""
    binding, operation = request.binding, request.operation
    soap = binding in {Binding.SOAP_11, Binding.SOAP_12}
    yield _DECLARATION
    if soap:
        yield f'<soap:Envelope xmlns:soap="{_envelope(binding)}"><soap:Body>'
        yield f'<{operation.name}Response xmlns="{NAMESPACE}"><{operation.name}Result>'
    else:
        yield f'<{operation.result} xmlns="{NAMESPACE}">'
    if isinstance(result, bool):
        yield "true" if result else "false"
    elif operation.result == "string":
        yield from (escape(piece, quote=False) for piece in plain_xml(result.columns, result.rows))
    else:
        yield from data_set(result.columns, result.rows)
    yield f"</{operation.name}Result></{operation.name}Response></soap:Body></soap:Envelope>" if soap \
        else f"</{operation.result}>"  # fmt: skip


def _envelope(binding: Binding) -> str:
    return SOAP_12 if binding is Binding.SOAP_12 else SOAP_11


def render_fault(binding: Binding, fault: ServiceFault) -> tuple[str, str]:
    """(content type, body) of a refusal, to be sent with HTTP 500."""
    text = str(fault) if fault.client else f"Server was unable to process request. ---> {fault}"
    marked = escape(text, quote=False)
    if binding not in {Binding.SOAP_11, Binding.SOAP_12}:
        return "text/plain; charset=utf-8", f"{text}\r\n"
    if binding is Binding.SOAP_12:
        blame = "Sender" if fault.client else "Receiver"
        inside = (f"<soap:Code><soap:Value>soap:{blame}</soap:Value></soap:Code><soap:Reason>"
                  f'<soap:Text xml:lang="en">{marked}</soap:Text></soap:Reason><soap:Detail/>')  # fmt: skip
    else:
        blame = "Client" if fault.client else "Server"
        inside = f"<faultcode>soap:{blame}</faultcode><faultstring>{marked}</faultstring><detail/>"
    body = (f'{_DECLARATION}<soap:Envelope xmlns:soap="{_envelope(binding)}"><soap:Body><soap:Fault>{inside}'
            "</soap:Fault></soap:Body></soap:Envelope>")  # fmt: skip
    return binding.content_type, body
