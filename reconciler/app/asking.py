"""Asks the systems of one school what is really there; whatever goes wrong there is that school's own (VS, rule 66)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from reconciler.app.context import Context
from reconciler.app.jobs import offer
from reconciler.connectors.export_protocol import ExportRequest
from reconciler.connectors.exporters import exporter
from reconciler.connectors.live_protocol import IDENTITY, LiveFact, LiveFacts, LiveSession, Unknown
from reconciler.connectors.protocol import Offer, SourceRequest
from reconciler.connectors.registry import connector
from reconciler.errors import ReconcileError
from reconciler.live.findings import Answers
from reconciler.live.side import Specs, accounts_at
from reconciler.secrets.references import Secret
from reconciler.vocabulary.codes import AcademicYear

DEADLINE = 20.0  # seconds for one exchange: a look is worth no longer wait
_NOBODY = Offer()


def ask_school(context: Context, specs: Specs, code: str, *, year: AcademicYear, key: Callable[[], Secret]) -> Answers:
    """Asks the school's own system, its exchange and the accounts at it, as the specs declare them.

    `key` gives the partner's Data Exchange Key. Never raises what a school or a secret is to blame for.
    """
    partner = specs.get(f"partner.{code}")
    wanted = frozenset(LiveFact) if partner else IDENTITY - {LiveFact.SHORT_CODE}
    try:
        facts, failure = _look(context, specs, code, year=year, wanted=wanted), None
    except ReconcileError as error:
        facts, failure = LiveFacts(), error
    return Answers(
        facts=facts, failure=failure, exchange=_handshake(context, specs, code, year=year, key=key),
        accounts={name: _account(context, specs, code, name, year=year) for name in accounts_at(specs, code)
                  if _readable(specs, code, name)},
    )  # fmt: skip


def _look(context: Context, specs: Specs, code: str, *, year: AcademicYear, wanted: Collection[LiveFact],
          **settings: Any) -> LiveFacts:  # fmt: skip
    """Raises ReconcileError."""
    partner, mis = specs.get(f"partner.{code}"), specs[f"school.{code}"].get("mis") or {}
    source = connector(str(mis.get("connector") or ""))
    request = SourceRequest(
        school=code, settings={**mis, **settings}, year=year, now=context.now, base=context.base,
        students=offer(partner["offers"], "students") if partner else _NOBODY,
        classes=offer(partner["offers"], "classes") if partner else _NOBODY,
        secret=lambda reference: context.secret(reference).reveal(), endpoint=context.endpoint,
        rehearsal=context.store.rehearsal, deadline=DEADLINE,
    )  # fmt: skip
    with source.open(request) as session:
        if isinstance(session, LiveSession):
            return session.look(wanted)
    return LiveFacts().without(wanted, Unknown(f"{source.name} tells nothing of a school itself"))


def _handshake(context: Context, specs: Specs, code: str, *, year: AcademicYear,
               key: Callable[[], Secret]) -> ReconcileError | bool | None:  # fmt: skip
    """Key, year and short code with the partner's exchange (VS, rule 31); nothing is said beyond them."""
    settings = (specs.get(f"partner.{code}") or {}).get("export")
    if not settings:
        return None
    try:
        way = exporter(str(settings["connector"]))
        if not way.shakes_hands:
            return None
        secret = key()
        request = ExportRequest(
            school=code, settings=settings, hub=str(specs["virtual_school"]["short_code"]), year=year, now=context.now,
            base=context.base, key=secret.reveal, endpoint=context.endpoint, schools={},
            rehearsal=context.store.rehearsal, deadline=DEADLINE,
        )  # fmt: skip
        with way.open(request):
            return True
    except ReconcileError as error:
        return error


def _readable(specs: Specs, code: str, name: str) -> bool:
    """Whether the account is one of a system that tells what it may read, with credentials of its own."""
    mis = specs[f"school.{code}"].get("mis") or {}
    return mis.get("connector") == "bromcom" and bool(specs[f"third_party.{name}"].get("credentials"))


def _account(context: Context, specs: Specs, code: str, name: str, *,
             year: AcademicYear) -> frozenset[str] | ReconcileError:  # fmt: skip
    """The entities that a third-party account may read, asked with its own credentials (PP, rule 84)."""
    credentials = specs[f"third_party.{name}"]["credentials"]
    own = {"username": credentials["username"], "password": credentials["password"]}
    own |= {ours: credentials[theirs] for ours, theirs in (("school_id", "org_id"), ("url", "mis_url"))
            if credentials.get(theirs)}  # fmt: skip
    try:
        granted = _look(context, specs, code, year=year, wanted=frozenset({LiveFact.GRANTED}), **own).granted
    except ReconcileError as error:
        return error
    return granted if isinstance(granted, frozenset) else frozenset()
