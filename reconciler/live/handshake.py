"""Whose system is it, and in which year? Asked before anything of a partner is read the first time (VS, rule 31)."""

from __future__ import annotations

from reconciler.connectors.live_protocol import LiveFact, LiveFacts, Unknown
from reconciler.errors import RefusedSourceError
from reconciler.live.side import Side

ASKED = frozenset({LiveFact.SCHOOL_ID, LiveFact.URN, LiveFact.YEARS})


def shake_hands(side: Side, facts: LiveFacts) -> None:
    """Passes what fits and what the source cannot tell; `side` is of the year that is wanted.

    Raises RefusedSourceError `handshake.other_school`, `handshake.other_year`.
    """
    for what, declared, told in (("school id", side.school_id, facts.school_id), ("URN", side.urn, facts.urn)):
        if declared and not isinstance(told, Unknown) and told != declared:
            raise RefusedSourceError(
                "handshake.other_school",
                f"the system at the address of {side.code} answers for the {what} {told}, and {declared} is declared",
                hint=f"check url, account and numbers in schools.{side.code}; if they are right, the supplier must "
                "hear of this at once",
            )  # fmt: skip
    if side.year is not None and not isinstance(facts.years, Unknown) and side.year not in facts.years:
        held = ", ".join(map(str, sorted(facts.years)))
        raise RefusedSourceError(
            "handshake.other_year",
            f"the system of {side.code} holds {held}, and the hub wants {side.year}",
            hint=f"ask {side.contact or 'the school'} in which year the system is, then import again; "
            "virtual_school.academic_year is what the hub wants",
        )
