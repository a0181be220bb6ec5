"""Texts and dates as sources write them, made plain."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from zoneinfo import ZoneInfo

from reconciler.vocabulary.codes import AcademicYear

_ENGLAND = ZoneInfo("Europe/London")


def plain(text: str | None) -> str | None:
    """Without padding and in one spelling of accents (NFC); None for nothing."""
    if text is None:
        return None
    stripped = text.strip()
    if not stripped.isascii():
        stripped = unicodedata.normalize("NFC", stripped)
    return stripped or None


def date_part(text: str | None) -> date | None:
    """The date as written, whatever time and offset follow (`protocols.md` 1.4); raises ValueError."""
    cleaned = plain(text)
    if cleaned is None:
        return None
    if len(cleaned) > 10 and cleaned[10] not in "T ":
        raise ValueError("not a date")
    return date.fromisoformat(cleaned[:10])


def day_in_year(now: datetime, year: AcademicYear) -> date:
    """The school day that "current" means: today in England, kept inside the academic year that is read."""
    return min(max(now.astimezone(_ENGLAND).date(), year.first_day), year.last_day)
