"""The service's own description: WSDL with four bindings, the discovery document and the help pages."""

from __future__ import annotations

from html import escape

from reconciler.simulator.bromcom.operations import NAMESPACE, OPERATIONS, Operation

SERVICE = "TPReadOnlyDataService"
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="http://tempuri.org/"'
    ' xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
    ' xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:http="http://schemas.xmlsoap.org/wsdl/http/"'
    ' xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/" targetNamespace="http://tempuri.org/">'
)
_DATA_SET = '<s:complexType><s:sequence><s:element ref="s:schema"/><s:any/></s:sequence></s:complexType>'
_PORTS = (("Soap", "soap"), ("Soap12", "soap12"), ("HttpGet", "http"), ("HttpPost", "http"))


def wsdl(address: str) -> str:
    """The WSDL of the service at an address."""
    operations = list(OPERATIONS.values())
    parts = [_HEAD, '<wsdl:types><s:schema elementFormDefault="qualified" targetNamespace="http://tempuri.org/">']
    parts += [_elements(operation) for operation in operations]
    parts.append(f'<s:element name="DataSet" nillable="true">{_DATA_SET}</s:element>')
    parts += [f'<s:element name="{kind}" type="s:{kind}"{null}/>'
              for kind, null in (("string", ' nillable="true"'), ("boolean", ""))]  # fmt: skip
    parts.append("</s:schema></wsdl:types>")
    for suffix, _ in _PORTS:
        parts += [_messages(operation, suffix) for operation in operations if suffix != "Soap12"]
    parts += [_port_type(suffix) for suffix, _ in _PORTS if suffix != "Soap12"]
    parts += [_binding(suffix, prefix) for suffix, prefix in _PORTS]
    parts.append(f'<wsdl:service name="{SERVICE}">')
    parts += [f'<wsdl:port name="{SERVICE}{suffix}" binding="tns:{SERVICE}{suffix}">'
              f'<{prefix}:address location="{escape(address)}"/></wsdl:port>' for suffix, prefix in _PORTS]  # fmt: skip
    parts.append("</wsdl:service></wsdl:definitions>")
    return "".join(parts)


def _elements(operation: Operation) -> str:
    asked = "".join(
        f'<s:element minOccurs="1" maxOccurs="1" name="{name}" type="s:int"/>' if name == "schoolID"
        else f'<s:element minOccurs="0" maxOccurs="1" name="{name}" type="s:string"/>'
        for name in operation.parameters
    )  # fmt: skip
    result = f'name="{operation.name}Result"'
    if operation.result == "DataSet":
        answered = f'<s:element minOccurs="0" maxOccurs="1" {result}>{_DATA_SET}</s:element>'
    else:
        least = 1 if operation.result == "boolean" else 0
        answered = f'<s:element minOccurs="{least}" maxOccurs="1" {result} type="s:{operation.result}"/>'
    wrap = '<s:element name="{}"><s:complexType><s:sequence>{}</s:sequence></s:complexType></s:element>'
    return wrap.format(operation.name, asked) + wrap.format(f"{operation.name}Response", answered)


def _messages(operation: Operation, suffix: str) -> str:
    name = f"{operation.name}{suffix}"
    if suffix == "Soap":
        asked = f'<wsdl:part name="parameters" element="tns:{operation.name}"/>'
        answered = f'<wsdl:part name="parameters" element="tns:{operation.name}Response"/>'
    else:
        asked = "".join(f'<wsdl:part name="{parameter}" type="s:string"/>' for parameter in operation.parameters)
        answered = f'<wsdl:part name="Body" element="tns:{operation.result}"/>'
    return (f'<wsdl:message name="{name}In">{asked}</wsdl:message>'
            f'<wsdl:message name="{name}Out">{answered}</wsdl:message>')  # fmt: skip


def _port_type(suffix: str) -> str:
    inside = "".join(
        f'<wsdl:operation name="{name}"><wsdl:input message="tns:{name}{suffix}In"/>'
        f'<wsdl:output message="tns:{name}{suffix}Out"/></wsdl:operation>'
        for name in OPERATIONS
    )
    return f'<wsdl:portType name="{SERVICE}{suffix}">{inside}</wsdl:portType>'


def _binding(suffix: str, prefix: str) -> str:
    port_type = "Soap" if suffix == "Soap12" else suffix
    head = f'<wsdl:binding name="{SERVICE}{suffix}" type="tns:{SERVICE}{port_type}">'
    if prefix == "http":
        head += f'<http:binding verb="{suffix.removeprefix("Http").upper()}"/>'
    else:
        head += f'<{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http"/>'
    return head + "".join(_bound(name, suffix, prefix) for name in OPERATIONS) + "</wsdl:binding>"


def _bound(name: str, suffix: str, prefix: str) -> str:
    if prefix == "http":
        asked = "<http:urlEncoded/>" if suffix == "HttpGet" else (
            '<mime:content type="application/x-www-form-urlencoded"/>')  # fmt: skip
        where, answered = f'<http:operation location="/{name}"/>', '<mime:mimeXml part="Body"/>'
    else:
        where = f'<{prefix}:operation soapAction="{NAMESPACE}{name}" style="document"/>'
        asked = answered = f'<{prefix}:body use="literal"/>'
    return (f'<wsdl:operation name="{name}">{where}<wsdl:input>{asked}</wsdl:input>'
            f"<wsdl:output>{answered}</wsdl:output></wsdl:operation>")  # fmt: skip


def disco(address: str) -> str:
    """The discovery document."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><discovery xmlns="http://schemas.xmlsoap.org/disco/">'
        f'<contractRef ref="{escape(address)}?wsdl" docRef="{escape(address)}"'
        ' xmlns="http://schemas.xmlsoap.org/disco/scl/"/></discovery>'
    )


def help_page(address: str, name: str) -> str | None:
    """The page of one operation with its test form, or the list of operations; None for an unknown one."""
    if not name:
        items = "".join(f'<li><a href="{escape(address)}?op={one}">{one}</a></li>' for one in OPERATIONS)
        return _page(SERVICE, f"<p>The following operations are supported.</p><ul>{items}</ul>")
    operation = next((o for o in OPERATIONS.values() if o.name.lower() == name.lower()), None)
    if operation is None:
        return None
    fields = "".join(f'<p><label>{parameter} <input name="{parameter}"></label></p>'
                     for parameter in operation.parameters)  # fmt: skip
    form = f'<form action="{escape(address)}/{operation.name}" method="post">{fields}<button>Invoke</button></form>'
    return _page(f"{SERVICE}: {operation.name}", form)


def _page(title: str, inside: str) -> str:
    return (f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
            f"<body><h1>{title}</h1>{inside}</body></html>")  # fmt: skip
