"""Contact strategies choose somebody, and tell nobody by accident (SC, rules 152 and 155)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Estate

if TYPE_CHECKING:
    from reconciler.documents.document import Document


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Channels and notices of each strategy."""
    for strategy in estate.import_strategies.values():
        if strategy.entry.get("channels") == []:
            yield document.finding(
                "strategy.no_channel",
                f"{strategy.name} imports neither e-mail nor mobile: nobody could be reached",
                (*strategy.path, "channels"),
                severity=Severity.WARNING,
                hint="name email, mobile or both",
            )
        if (strategy.entry.get("notify") or {}).get("text") is True:
            yield document.finding(
                "strategy.first_notice",
                f"{strategy.name} texts every new or changed number; at the first import every number is new, "
                "so that import is held",
                (*strategy.path, "notify", "text"),
                severity=Severity.WARNING,
                hint="leave it false until the first import is done",
            )
