"""The MIS user of a SIMS school belongs to the groups that the import needs (SC, rule 171)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Estate
from reconciler.estate.rules.words import listed, plural

if TYPE_CHECKING:
    from reconciler.documents.document import Document

NEEDED: tuple[tuple[str, ...], ...] = (
    ("Admissions officer",),
    ("Attendance operator", "Attendance manager"),
    ("Personnel officer",),
    ("Class teacher", "Pastoral manager"),
    ("Third party reporter",),
    ("Receipt clerk",),
)
"""Every line is needed; of a line, one group is enough."""


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Missing groups are a warning: what they cover is not read, the rest is."""
    for code, school in estate.schools.items():
        user = school.mis.get("user") or {}
        if school.connector != "sims" and "permission_groups" not in user:
            continue
        has = {str(group).casefold() for group in user.get("permission_groups") or ()}
        missing = [
            " or ".join(groups) for groups in NEEDED if not has.intersection(group.casefold() for group in groups)
        ]
        if missing:
            path = ("schools", code, "mis", "user", "permission_groups")
            yield document.finding(
                "perm.missing_group",
                f"the MIS user of {code} lacks {plural(len(missing), 'permission group')}: "
                f"{listed(missing, most=len(missing))}; what they open is left out of the import",
                path if "permission_groups" in user else path[:3],
                key=True,
                severity=Severity.WARNING,
                hint="add them to the user in the MIS and save, then write them here",
            )
