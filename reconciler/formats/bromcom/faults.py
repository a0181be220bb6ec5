"""SOAP faults and what they mean.

No public source shows the service's own fault texts (`protocols.md` 1.7), so words are looked for, the platform's
general fault is taken for a passing one, and the text itself is never shown: a server may quote what it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from reconciler.errors import MalformedSourceError, RefusedSourceError, SourceError, TransientSourceError
from reconciler.formats.bromcom.encoder import SOAP11, SOAP12

FAULTS = (f"{{{SOAP11}}}Fault", f"{{{SOAP12}}}Fault")

_CREDENTIALS = re.compile(
    r"user ?name|password|credential|log ?in|log ?on|authenticat|unknown school|invalid school", re.I
)
_PERMISSION = re.compile(
    r"could not be read|permission|not (been )?granted|access (is )?denied|not authori[sz]ed", re.I
)
_PASSING = re.compile(r"time-?d? ?out|deadlock|busy|try again|unavailable", re.I)

# What could not be read -> the code of the MIS permission that is missing (`requirements.md` 172-181).
PERMISSION_CODES = {
    "students": "perm.members",
    "studentenrolments": "perm.members",
    "staff": "perm.staff",
    "subjectclasses": "perm.groups",
    "collections": "perm.groups",
    "collectionassociates": "perm.groups",
    "collectionexecutives": "perm.groups",
    "timetable": "perm.timetables",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A soap:Fault: `caller` says that it blames the request (Client, Sender), not the server."""

    caller: bool
    text: str


def read_fault(element: etree._Element) -> Fault:
    """A fault of SOAP 1.1 or 1.2 from its element."""
    code = element.findtext("faultcode") or element.findtext(f"{{{SOAP12}}}Code/{{{SOAP12}}}Value") or ""
    text = element.findtext("faultstring") or element.findtext(f"{{{SOAP12}}}Reason/{{{SOAP12}}}Text") or ""
    return Fault(caller=code.rpartition(":")[2] in ("Client", "Sender"), text=" ".join(text.split()))


def fault_error(fault: Fault, *, entity: str) -> SourceError:
    """The verdict on a fault: credentials and permissions are refused, the rest passes unless it blames our request."""
    asked = f"reading {entity}" if entity else "listing the entities"
    if _PERMISSION.search(fault.text):
        return RefusedSourceError(
            PERMISSION_CODES.get(entity.lower(), "source.not_granted"),
            f"the school's system refused {asked}: the account lacks the permission",
            hint="the school's MIS manager grants it in the system; the code's page names the permission",
        )
    if _CREDENTIALS.search(fault.text):
        return RefusedSourceError(
            "source.credentials",
            f"the school's system refused the account when {asked}",
            hint="check user name, password and school id",
        )
    if fault.caller and not _PASSING.search(fault.text):
        return MalformedSourceError(
            "bromcom.fault",
            f"the school's system could not understand our request when {asked}",
            hint="the service may differ from what its description says; compare its WSDL and its columns",
        )
    return TransientSourceError("bromcom.fault", f"the school's system answered with a fault when {asked}")


def sniff_fault(chunks: Iterable[bytes]) -> Fault | None:
    """The fault in a small answer; None for any other answer, well-formed or not."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        for chunk in chunks:
            parser.feed(chunk)
        root = parser.close()
    except etree.XMLSyntaxError:
        return None
    found = next(root.iter(*FAULTS), None)
    return None if found is None else read_fault(found)
