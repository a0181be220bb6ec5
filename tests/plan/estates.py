"""Small estates of resources for the specs of plan and apply."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from reconciler.diagnostics import Position
from reconciler.plan.compare import make_plan
from reconciler.plan.keys import KeyFact
from reconciler.plan.state import Attachment, AttachmentStatus, StoredResource, StoredState
from reconciler.plan.value import Plan
from reconciler.resources.resource import Resource, make

NOW = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
KEY_A, KEY_B, KEY_C = "a" * 64, "b" * 64, "c" * 64


def fact(fingerprint: str = "", replaced: str = "") -> KeyFact:
    return KeyFact(fingerprint=fingerprint, replaced=replaced)


def at(line: int) -> Position:
    return Position("estate.yaml", line, 3)


def hub(**identifiers: Any) -> Resource:
    flags = {"admission_numbers_unique": False, "staff_codes_unique": False, "separator": ""} | identifiers
    return make("virtual_school", "", {"name": "Eskmere", "short_code": "ECV", "identifiers": flags}, position=at(10))


def school(code: str = "AVN") -> Resource:
    return make("school", code, {"name": f"School {code}"}, position=at(20))


def partner(code: str = "AVN", *, colour: str = "#1f6feb", key: dict[str, Any] | None = None,
            offers: Any = None) -> Resource:  # fmt: skip
    spec = {
        "colour": colour, "data_exchange_key": key or {"env": f"REC_KEY_{code}"},
        "offers": offers or {"students": {"in_group": "Outplaced"}, "classes": {"in_group": "Outplaced"}},
        "export": {"connector": "exchange", "url": f"https://exchange.{code.lower()}.example/v1"},
    }  # fmt: skip
    return make("partner", code, spec, depends_on=(f"school.{code}", "virtual_school"), position=at(40))


def period_map(code: str = "AVN", *, attachment: int = 1, **slots: str | None) -> Resource:
    spec = {"school": code, "year": "2026-2027", "attachment": attachment, "week_offset": 0, "structure": "W1D5P5",
            "slots": {"W1Mon.P1": "W1Mon.P1", "W1Mon.P6": None} | slots}  # fmt: skip
    return make("period_map", f"{code}.2026-2027", spec, depends_on=(f"partner.{code}",), position=at(60))


def basis(name: str = "catering", **fields: Any) -> Resource:
    spec = {"lawful_basis": "public_task", "sharing_mode": "per_record_consent", "purpose": "Meals"} | fields
    return make("lawful_basis", name, spec, position=at(70))


def third_party(name: str = "elm-parentpay", **fields: Any) -> Resource:
    credentials = {"username": "parentpay", "password": {"env": "ELM_PP_PASSWORD"}}
    spec = {"kind": "parentpay", "school": "ELM", "recipient": "parentpay", "basis": "catering",
            "streams": ["pupils"], "credentials": credentials} | fields  # fmt: skip
    return make("third_party", name, spec, depends_on=(f"lawful_basis.{spec['basis']}",), position=at(80))


def grant(entity: str, account: str = "elm-parentpay", recipient: str = "parentpay") -> Resource:
    return make("entity_grant", f"{account}.{entity}",
                {"third_party": account, "entity": entity, "recipient": recipient},
                depends_on=(f"third_party.{account}",), position=at(80))  # fmt: skip


def operator(name: str, *roles: str, **match: str) -> Resource:
    return make("operator", name, {"roles": list(roles), "match": match}, position=at(5))


def stored(*resources: Resource, serial: int = 3, attachments: tuple[Attachment, ...] = ()) -> StoredState:
    return StoredState(
        lineage="lineage-1", serial=serial, estate_id="eskmere-test", rehearsal=False,
        resources={r.address: StoredResource(address=r.address, kind=r.kind, spec=r.spec, digest=r.digest,
                                             serial=serial, depends_on=r.depends_on) for r in resources},
        attachments=attachments,
        last_version=f"version {serial}, 2026-11-20 16:05 UTC by data-manager" if serial else "",
    )  # fmt: skip


def attached(code: str = "AVN", key: str = KEY_A, status: str = "live", number: int = 1, **rows: int) -> Attachment:
    return Attachment(id=f"{code}:{key[:12]}", school=code, fingerprint=key, status=AttachmentStatus(status),
                      number=number, rows=rows)  # fmt: skip


def planned(desired: list[Resource], state: StoredState, **options: Any) -> Plan:
    given = {"estate_id": "eskmere-test", "config_digest": "config-1", "tool_version": "0.1.0", "now": NOW} | options
    return make_plan(desired, state, **given)


def steps(plan: Plan) -> list[str]:
    """`create partner.AVN`, in order."""
    return [f"{a.action.value} {a.address}" for a in plan.actions]
