"""Streams the rows of a .NET DataSet out of an answer (`protocols.md` 1.4).

Memory holds one row. Rows come only from a document that keeps its promises: no DTD, no entities, the expected
envelope, closed to its last tag; the last promise is known at the end, so nothing may be concluded before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from reconciler.errors import MalformedSourceError
from reconciler.formats.bromcom.encoder import NAMESPACE, SOAP11, SOAP12
from reconciler.formats.bromcom.faults import FAULTS, fault_error, read_fault

RawRow = dict[str, str]

_XS = "{http://www.w3.org/2001/XMLSchema}"
_DIFFGR = "{urn:schemas-microsoft-com:xml-diffgram-v1}"
_ROOTS = (f"{{{SOAP11}}}Envelope", f"{{{SOAP12}}}Envelope", f"{{{NAMESPACE}}}DataSet")
_SCHEMA, _DIFFGRAM, _ERRORS = f"{_XS}schema", f"{_DIFFGR}diffgram", f"{_DIFFGR}errors"
_TAGS = (*_ROOTS, *FAULTS, _SCHEMA, _DIFFGRAM, _ERRORS, "Table")
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class DataSet:
    """The rows of one answer, in document order, each a dict of the columns that it has (NULL is an absent one).

    Iterate once. `columns` holds the columns of the inline schema, known before the first row; a DataSet without rows
    is a success. Raises MalformedSourceError `bromcom.xml`, `bromcom.encoding`, `bromcom.dtd` or
    `bromcom.not_dataset`, and what `fault_error` says of a fault.
    """

    def __init__(self, chunks: Iterable[bytes], *, entity: str) -> None:
        self._chunks = iter(chunks)
        self._entity = entity
        self._names: dict[str, str] = {}
        self.columns: tuple[str, ...] = ()
        self.closed = False

    def __iter__(self) -> Iterator[RawRow]:
        events = etree.iterparse(
            _Reader(self._chunks), events=("start", "end"), tag=_TAGS,
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, collect_ids=False,
            remove_comments=True, remove_pis=True,
        )  # fmt: skip
        try:
            yield from self._rows(events)
        except etree.XMLSyntaxError as error:
            raise self._unreadable(error) from None
        if not self.closed:
            raise self._wrong("bromcom.not_dataset", "holds no DataSet")

    def _rows(self, events: Iterator[tuple[str, etree._Element]]) -> Iterator[RawRow]:
        looked = False
        for event, element in events:
            if not looked:
                self._check_head(element)
                looked = True
            if event == "start":
                continue
            if element.tag == "Table":
                yield self._row(element)
            elif element.tag == _SCHEMA:
                self.columns = tuple(self._name(text) for text in _columns(element))
            elif element.tag in FAULTS:
                raise fault_error(read_fault(element), entity=self._entity)
            elif element.tag == _ERRORS:
                raise self._wrong("bromcom.not_dataset", "reports errors in its rows")
            elif element.tag == _DIFFGRAM:
                self._check_rest(element)
                self.closed = True

    def _check_head(self, element: etree._Element) -> None:
        tree = element.getroottree()
        declared: object = tree.docinfo.internalDTD  # None where there is no DOCTYPE, which the stubs leave out
        if declared is not None:
            raise self._wrong("bromcom.dtd", "declares a DTD, which this protocol never does")
        if tree.getroot().tag not in _ROOTS:
            raise self._wrong("bromcom.not_dataset", "is neither a SOAP envelope nor a DataSet")

    def _row(self, element: etree._Element) -> RawRow:
        parent = element.getparent()
        if parent is None or parent.tag != "NewDataSet":
            raise self._wrong("bromcom.not_dataset", "holds a row outside its DataSet")
        row: RawRow = {}
        for child in element:
            if not isinstance(child.tag, str) or len(child):
                raise self._wrong("bromcom.not_dataset", "holds a row that is not a flat list of columns")
            if child.get(_NIL) not in ("true", "1"):
                row[self._name(child.tag)] = child.text or ""
        element.clear()
        parent.remove(element)
        return row

    def _name(self, tag: str) -> str:
        """A column by its real name: characters that XML names cannot hold travel as `_x0020_`."""
        known = self._names.get(tag)
        if known is None:
            known = self._names[tag] = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), tag)
        return known

    def _check_rest(self, diffgram: etree._Element) -> None:
        """Whatever is left over would be rows that we do not know how to read: better no answer than half of one."""
        for child in diffgram:
            if child.tag == "NewDataSet" and len(child):
                raise self._wrong("bromcom.not_dataset", "holds rows of a kind that is not known")

    def _unreadable(self, error: etree.XMLSyntaxError) -> MalformedSourceError:
        """Bytes of another encoding are never guessed at: a name that is lost so is lost for good (C23)."""
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_INVALID_ENCODING:  # the stubs leave `code` out
            return self._wrong(
                "bromcom.encoding", "holds bytes that are not UTF-8, although it says that it is UTF-8",
                hint="nothing was guessed; ask the supplier to send UTF-8 (such bytes are mostly Windows-1252)",
            )  # fmt: skip
        return self._wrong("bromcom.xml", f"is not well-formed XML (line {error.lineno or 1})")

    def _wrong(self, code: str, what: str, *, hint: str = "") -> MalformedSourceError:
        name = self._entity or "the list of entities"
        return MalformedSourceError(code, f"the answer for {name} {what}", hint=hint)


def _columns(schema: etree._Element) -> Iterator[str]:
    for element in schema.iter(f"{_XS}element"):
        # a text with a length has its type inside; the elements around columns hold a complexType instead
        if element.get("type") or element.find(f"{_XS}simpleType") is not None:
            yield str(element.get("name"))


class _Reader:
    """Makes a file of an iterator of bytes, since that is what the parser reads from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, _size: int = -1) -> bytes:
        for chunk in self._chunks:
            if chunk:
                return chunk
        return b""
