"""The `format`s that our schemas may use, given to both validators so that they cannot disagree."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}\Z"
)


def is_date(value: object) -> bool:
    """A day of the calendar, written 2026-09-01; other types are another keyword's business."""
    if not isinstance(value, str):
        return True
    try:
        return bool(_DATE.match(value) and date.fromisoformat(value))
    except ValueError:
        return False


def is_email(value: object) -> bool:
    """A mailbox such as office@avn.example, at most 254 characters."""
    return not isinstance(value, str) or (len(value) <= 254 and bool(_EMAIL.match(value)))


FORMATS: dict[str, Callable[[object], bool]] = {"date": is_date, "email": is_email}
WORDS = {"date": "a date like 2026-09-01", "email": "a mailbox like office@avn.example"}
