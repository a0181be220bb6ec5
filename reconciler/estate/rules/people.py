"""People and classes are named by school and id, `AVN:10233`, never by name (`design.md` 3)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import Diagnostic
from reconciler.estate.model import Estate, Path
from reconciler.estate.rules.words import choose

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_BY_HAND = "manual:"
_CHOICES = {
    "opt_outs": ("contact",),
    "exceptions": ("student", "contact", "staff"),
    "not_same": ("contacts",),
    "accepted": ("student", "contact", "staff"),
}


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Every id belongs to a declared school, a class to a partner; a manual member is declared."""
    yield from _assignments(estate, document)
    yield from _choices(estate, document)
    yield from _groups(estate, document)


def _assignments(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    lines = (estate.class_assignments.entry.get("inline") or ()) if estate.class_assignments else ()
    for index, line in enumerate(lines):
        path: Path = ("class_assignments", "inline", index)
        yield from _id(document, line.get("student"), (*path, "student"), estate.schools, "school")
        yield from _id(document, line.get("class"), (*path, "class"), estate.partners, "partner")


def _choices(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    entry: dict[str, Any] = dict(estate.choices.entry) if estate.choices else {}
    for section, keys in _CHOICES.items():
        for index, line in enumerate(entry.get(section) or ()):
            for key in keys:
                path: Path = ("choices", section, index, key)
                ids = line.get(key) or ()
                if isinstance(ids, str):
                    yield from _id(document, ids, path, estate.schools, "school")
                else:
                    for at, text in enumerate(ids):
                        yield from _id(document, text, (*path, at), estate.schools, "school")


def _groups(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    by_hand = {
        str(member) for declared in estate.manual_members.values() for member in declared.entry.get("members") or ()
    }
    for name, group in estate.manual_groups.items():
        for index, member in enumerate(group.entry.get("members") or ()):
            path: Path = ("manual_groups", name, "members", index)
            text = str(member)
            if not text.startswith(_BY_HAND):
                yield from _id(document, text, path, estate.schools, "school")
            elif text.removeprefix(_BY_HAND) not in by_hand:
                yield document.finding(
                    "reference.unknown",
                    f"there is no manual member {text.removeprefix(_BY_HAND)!r}",
                    path,
                    hint=choose(text.removeprefix(_BY_HAND), by_hand, where="manual_members"),
                )


def _id(document: Document, text: Any, path: Path, known: Collection[str], what: str) -> Iterator[Diagnostic]:
    if text is None:
        return
    code = str(text).partition(":")[0]
    if code not in known:
        yield document.finding(
            "reference.unknown",
            f"there is no {what} {code!r}",
            path,
            hint=choose(code, known, where=f"{what}s"),
        )
