"""An account is granted exactly what its supplier asks for, and what deviates has a reason (PP, rules 80 to 83)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.catalogue import Catalogue, catalogue
from reconciler.estate.grants import granted
from reconciler.estate.model import Estate, Path, ThirdParty
from reconciler.estate.rules.words import choose, listed, plural

if TYPE_CHECKING:
    from reconciler.documents.document import Document


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Unknown, missing and extra entities; special categories without a condition."""
    known = catalogue()
    for account in estate.third_parties.values():
        yield from _unknown(document, account, known)
        yield from _against_the_list(document, account, known)
        yield from _special(estate, document, account, known)


def _unknown(document: Document, account: ThirdParty, known: Catalogue) -> Iterator[Diagnostic]:
    places: list[tuple[str, Path, bool]] = [
        (name, (*account.path, "grants", "entities", index), False)
        for index, name in enumerate(account.grants.get("entities") or ())
    ]
    for section in ("without", "with"):
        places += [(name, (*account.path, "grants", section, name), True) for name in account.grants.get(section) or ()]
    for name, path, key in places:
        if known.canonical(name) is None:
            yield document.finding(
                "grant.unknown_entity",
                f"there is no entity {name!r}",
                path,
                key=key,
                hint=choose(name, known.names, where="the catalogue"),
            )


def _against_the_list(document: Document, account: ThirdParty, known: Catalogue) -> Iterator[Diagnostic]:
    preset = known.preset_for(account.kind)
    named = account.grants.get("preset")
    if preset is None or (named and named not in known.presets):
        return
    has = set(granted(account.grants, known))
    reasons = {known.canonical(name) for name in account.grants.get("without") or ()}
    missing = sorted(set(preset.entities) - has - reasons)
    extra = sorted((has & set(known.entities)) - set(preset.entities))
    path = (*account.path, "grants")
    if missing and not account.grants.get("deviation_reason"):
        streams = set(account.entry.get("streams") or ())
        broken = sorted({stream for name in missing for stream in known.entities[name].streams} & streams)
        yield document.finding(
            "grant.missing_entity",
            f"{account.name} lacks {plural(len(missing), 'entity', 'entities')} of the "
            f"{len(preset.entities)} that {preset.account_name} asks for: {listed(missing, most=len(missing))}"
            + (f"; this breaks {listed(broken)}" if broken else ""),
            path,
            key=True,
            hint=f"use grants: {{preset: {preset.name}}}, and leave one out with a reason: "
            "without: {NAME: reason and reference}",
        )
    if extra:
        yield document.finding(
            "grant.extra_entity",
            f"{account.name} is granted more than the {len(preset.entities)} entities that {preset.account_name} "
            f"asks for: {listed(extra, most=len(extra))}",
            path,
            key=True,
            severity=Severity.WARNING,
            hint="take out what the service does not need: what is not used is not shared",
        )


def _special(estate: Estate, document: Document, account: ThirdParty, known: Catalogue) -> Iterator[Diagnostic]:
    basis = estate.lawful_bases.get(account.basis)
    if basis is None:
        return
    lacking = [key for key in ("condition", "dpia_ref") if not basis.art9.get(key)]
    special = [
        name for name in granted(account.grants, known) if name in known.entities and known.entities[name].special
    ]
    if special and lacking:
        kinds = sorted({known.entities[name].special for name in special})
        yield document.finding(
            "grant.special_without_condition",
            f"{account.name} is granted {listed(special)}, special category data ({listed(kinds)}), and the basis "
            f"{account.basis} has no {' and no '.join(f'art9.{key}' for key in lacking)}",
            (*account.path, "grants"),
            key=True,
            hint=f"leave it out with a reason, or add to {account.basis}: "
            "art9: {condition: ..., dpia_ref: ...}; the data protection officer decides",
        )
