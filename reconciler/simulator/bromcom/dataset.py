"""Writes rows as a .NET DataSet: an inline schema, then a diffgram, in pieces.

NULL is an omitted element; without rows the `NewDataSet` node is missing, which is success. A dateTime carries the
school's own offset of that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.simulator.bromcom.catalogue import Column

SCHOOL_ZONE = ZoneInfo("Europe/London")
_XML_FORBIDDEN = {code: None for code in range(32) if code not in (9, 10, 13)}

_SCHEMA_HEAD = (
    '<xs:schema id="NewDataSet" xmlns="" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:msdata="urn:schemas-microsoft-com:xml-msdata">'
    '<xs:element name="NewDataSet" msdata:IsDataSet="true" msdata:UseCurrentLocale="true"><xs:complexType>'
    '<xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element name="Table"><xs:complexType><xs:sequence>'
)
_SCHEMA_TAIL = (
    "</xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:schema>"
)  # fmt: skip
_DIFFGRAM = (
    '<diffgr:diffgram xmlns:msdata="urn:schemas-microsoft-com:xml-msdata"'
    ' xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1"'
)


def data_set(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Schema and diffgram, the content of a DataSet result."""
    yield _SCHEMA_HEAD
    for column in columns:
        yield f'<xs:element name="{column.name}" type="xs:{column.type}" minOccurs="0"/>'
    yield _SCHEMA_TAIL
    if not rows:
        yield _DIFFGRAM + "/>"
        return
    yield _DIFFGRAM + '><NewDataSet xmlns="">'
    names = [column.name for column in columns]
    for number, row in enumerate(rows):
        yield f'<Table diffgr:id="Table{number + 1}" msdata:rowOrder="{number}">{_cells(names, row)}</Table>'
    yield "</NewDataSet></diffgr:diffgram>"


def plain_xml(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The rows as the `AsXml` operations give them: a document without schema, to be carried as text."""
    names = [column.name for column in columns]
    yield "<NewDataSet>"
    for row in rows:
        yield f"<Table>{_cells(names, row)}</Table>"
    yield "</NewDataSet>"


def _cells(names: Sequence[str], row: Sequence[Any]) -> str:
    return "".join(
        f"<{name}>{_text(value)}</{name}>" for name, value in zip(names, row, strict=True) if value is not None
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return escape(value.translate(_XML_FORBIDDEN), quote=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() + _offset(value.date())
    return str(value)


@lru_cache(maxsize=2048)
def _offset(day: date) -> str:
    """`+01:00` in summer; lessons never fall into the night in which the clocks change."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).astimezone(SCHOOL_ZONE)
    seconds = int((noon.utcoffset() or noon - noon).total_seconds())
    return f"{'-' if seconds < 0 else '+'}{abs(seconds) // 3600:02d}:{abs(seconds) % 3600 // 60:02d}"
