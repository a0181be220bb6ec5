"""The bearer token of a day, derived from the Data Exchange Key; the key itself never travels (VS, rule 21)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta

DATE_HEADER = "Reconcile-Date"
TOLERANCE = timedelta(days=1)  # clocks and midnights differ; a token that is stolen is worthless two days later
_PURPOSE = "reconcile-exchange-1"


def token(key: str, *, school: str, day: date) -> str:
    """64 hex characters: HMAC-SHA256 under the key of purpose, school code and day (UTC), each on a line."""
    said = f"{_PURPOSE}\n{school}\n{day.isoformat()}"
    return hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()


def accepts(presented: str, key: str, *, school: str, day: date, today: date) -> bool:
    """What a partner checks: the token belongs to that day, and the day is near its own."""
    fresh = abs(day - today) <= TOLERANCE
    return fresh and hmac.compare_digest(presented.encode(), token(key, school=school, day=day).encode())
