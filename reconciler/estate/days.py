"""Days and times of day as the estate writes them."""

from __future__ import annotations

import re
from datetime import datetime

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z")
_NAMED = {"every_morning": "08:00", "every_afternoon": "13:00", "every_night": "18:00"}


def moment(text: object) -> datetime | None:
    """The school-local moment that an ISO text names, a bare day at its start; None where it names none."""
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=None)
    except ValueError:
        return None


def minutes(text: object) -> int | None:
    """Minutes after midnight of `06:40` or of a named schedule (VS, rule 7); None for anything else."""
    match = _CLOCK.match(_NAMED.get(str(text), str(text)))
    return int(match[1]) * 60 + int(match[2]) if match else None
