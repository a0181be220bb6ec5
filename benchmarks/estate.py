"""Writes an estate of any size that is valid against the shipped schemas and the whole-estate rules.

Each school counts four resources: the school, the partner, its period map and one messaging account. Recipient,
lawful basis, import strategy, calendar, structures and the virtual school are shared.
"""

from __future__ import annotations

from string import ascii_uppercase
from typing import Any

import yaml

PER_SCHOOL = 4
SHARED = 8  # organisation, virtual school, calendar, two structures, recipient, basis, strategy


def estate_text(resources: int) -> str:
    """The YAML of an estate that declares about this many resources, in block style as people write it."""
    return yaml.dump(estate(resources), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)


def estate(resources: int) -> dict[str, Any]:
    """The same as a value."""
    codes = [_code(number) for number in range(max(1, (resources - SHARED) // PER_SCHOOL))]
    return {
        **_shared(),
        "schools": {code: _school(code, number) for number, code in enumerate(codes)},
        "partners": {code: _partner(code, number) for number, code in enumerate(codes)},
        "period_maps": {code: {"2026-2027": _map()} for code in codes},
        "third_parties": {f"{code.lower()}-schoolcomms": _account(code) for code in codes},
    }


def _code(number: int) -> str:
    """Four letters, so that no code is the beginning of another."""
    letters = ""
    for _ in range(4):
        number, rest = divmod(number, 26)
        letters = ascii_uppercase[rest] + letters
    return letters


def _shared() -> dict[str, Any]:
    return {
        "version": 1,
        "estate_id": "bench-0001",
        "organisation": {
            "controller": "Bench Council",
            "dpo": "dpo@bench.example",
            "internal_domains": ["bench.example"],
        },
        "virtual_school": {
            "name": "Bench Virtual School",
            "short_code": "ZZZZZZ",
            "academic_year": "2026-2027",
            "timezone": "Europe/London",
            "calendar": "bench",
            "period_structure": "W2D5P6",
            "schedules": {"students_and_classes": "every_morning", "academic": "every_hour"},
        },
        "calendars": {
            "bench": {"terms": [{"from": "2026-09-02", "to": "2026-10-23"}], "week_1_starts": ["2026-09-07"]},
        },
        "period_structures": {
            "W2D5P6": {"weeks": 2, "days": 5, "periods": ["P1", "P2", "P3", "P4", "P5", "P6"]},
            "W1D5P5": {"weeks": 1, "days": 5, "periods": ["P1", "P2", "P3", "P4", "P5"]},
        },
        "recipients": {
            "schoolcomms": {
                "name": "Schoolcomms",
                "country": "GB",
                "agreement": {"ref": "BEN/DPA/1", "expires": "2027-08-31", "review": "2027-05-01"},
                "transfers_abroad": "none",
            }
        },
        "lawful_bases": {
            "messaging": {
                "lawful_basis": "public_task",
                "sharing_mode": "all",
                "purpose": "Messages to parents",
                "decided_by": "dpo",
                "decided_on": "2026-09-01",
            }
        },
        "operators": {"dpo": {"roles": ["viewer", "planner", "applier"], "match": {"git_email": "dpo@bench.example"}}},
        "import_strategies": {
            "standard": {
                "groups": "active",
                "pre_admissions": {"import": False},
                "contacts": {"priorities": [1], "parental_responsibility": "ignore", "prime": "all",
                             "order": "filter_then_rank", "of": ["family"]},
                "locations": {"email": ["home", "work"], "mobile": ["mobile"]},
                "channels": ["email", "mobile"],
                "notify": {"email": False, "text": False},
            }
        },
    }  # fmt: skip


def _school(code: str, number: int) -> dict[str, Any]:
    return {
        "name": f"Bench School {number}",
        "phase": "11-18",
        "sector": "academy",
        "urn": str(100000 + number),
        "calendar": "bench",
        "contacts": {"mis_manager": f"mis.{code.lower()}@bench.example"},
        "mis": {
            "connector": "bromcom",
            "url": f"https://mis{number}.bench.example/Nucleus/WebServices/ThirdParty/TPReadOnlyDataService.asmx",
            "school_id": 20000 + number,
            "username": "reconcile",
            "password": {"env": f"{code}_MIS_PASSWORD"},
        },
    }


def _partner(code: str, number: int) -> dict[str, Any]:
    return {
        "colour": f"#{0x101010 + number:06x}",
        "data_exchange_key": {"env": f"REC_KEY_{code}"},
        "period_structure": "W1D5P5",
        "offers": {"students": {"in_group": "Outplaced"}, "classes": {"in_group": "Outplaced"}},
        "export": {"connector": "exchange", "url": f"https://exchange{number}.bench.example/v1"},
    }


def _map() -> dict[str, Any]:
    periods = {f"P{period}": f"P{period}" for period in range(1, 6)}
    return {"repeat": "weekly", "periods": {**periods, "P6": "not_selected"}}


def _account(code: str) -> dict[str, Any]:
    return {
        "kind": "schoolcomms",
        "school": code,
        "recipient": "schoolcomms",
        "mis_account_name": "Schoolcomms",
        "licence": "premium_messaging",
        "client": {"version": "9.7A", "min_version": "9.6D", "runner": "server", "log_dir": "SCHOOLCOMMS_LOG"},
        "run_as": {"user": f"sc-{code.lower()}", "role": "school_administrator", "dedicated": True},
        "interactive_users": [],
        "basis": "messaging",
        "streams": ["contacts"],
        "strategy": "standard",
        "schedule": "06:30",
    }
