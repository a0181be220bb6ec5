"""Small estates to break: a valid one as plain values, and what the rules say about it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.diagnostics import Diagnostic, render_text
from reconciler.documents.document import Document
from reconciler.documents.read import read_document
from reconciler.estate.build import build_estate
from reconciler.estate.model import Estate
from reconciler.estate.rules import check

EVERY_PERIOD = {f"P{n}": f"P{n}" for n in range(1, 7)}

SMALL: dict[str, Any] = {
    "version": 1,
    "estate_id": "small-0001",
    "organisation": {
        "controller": "Eskmere Council",
        "dpo": "dpo@eskmere.example",
        "internal_domains": ["eskmere.example"],
    },
    "virtual_school": {
        "name": "Eskmere Virtual School",
        "short_code": "EVS",
        "academic_year": "2026-2027",
        "period_structure": "W2D5P6",
        "schedules": {"students_and_classes": "every_morning"},
    },
    "period_structures": {
        "W2D5P6": {"weeks": 2, "days": 5, "periods": ["P1", "P2", "P3", "P4", "P5", "P6"]},
        "W1D5P5": {"weeks": 1, "days": 5, "periods": ["P1", "P2", "P3", "P4", "P5"]},
    },
    "schools": {
        "AVN": {
            "name": "Ashvale North Academy",
            "sector": "academy",
            "mis": {"connector": "oneroster-csv", "drop": "in"},
        },
        "BRK": {"name": "Brackenmoor School", "sector": "college", "mis": {"connector": "oneroster-csv", "drop": "in"}},
    },
    "partners": {
        "AVN": {
            "colour": "#1f6feb",
            "data_exchange_key": {"env": "KEY_AVN"},
            "period_structure": "W1D5P5",
            "offers": "all",
        },
        "BRK": {
            "colour": "#8250df",
            "data_exchange_key": {"env": "KEY_BRK"},
            "period_structure": "W2D5P6",
            "offers": "all",
        },
    },
    "period_maps": {
        "AVN": {"2026-2027": {"repeat": "weekly", "periods": {**EVERY_PERIOD, "P6": "not_selected"}}},
        "BRK": {"2026-2027": {"periods": EVERY_PERIOD}},
    },
}

PARENTPAY: dict[str, Any] = {
    "kind": "parentpay",
    "school": "AVN",
    "recipient": "parentpay",
    "mis_account_name": "ParentPay",
    "credentials": {"username": "parentpay", "password": {"env": "AVN_PP"}, "rotation": {"every_days": 180}},
    "grants": {"preset": "parentpay-bromcom-2022"},
    "basis": "catering",
    "streams": ["pupils"],
    "delivery": {"connector": "csv", "drop": "out"},
}
SCHOOLCOMMS: dict[str, Any] = {
    "kind": "schoolcomms",
    "school": "AVN",
    "recipient": "parentpay",
    "mis_account_name": "Schoolcomms",
    "licence": "standard",
    "client": {"version": "9.7A"},
    "run_as": {"user": "sc-import", "role": "school_administrator"},
    "basis": "catering",
    "streams": ["contacts"],
    "strategy": "default",
    "schedule": "06:30",
}
FLOWS: dict[str, Any] = {
    "recipients": {
        "parentpay": {"name": "ParentPay", "country": "GB", "agreement": {"ref": "DPA/1", "expires": "2027-08-31"}}
    },
    "lawful_bases": {
        "catering": {
            "lawful_basis": "public_task",
            "sharing_mode": "all",
            "purpose": "School meals and payments",
            "decided_by": "dpo",
            "decided_on": "2026-09-01",
            "art9": {"condition": "explicit_consent", "dpia_ref": "DPIA/1"},
        }
    },
    "import_strategies": {"default": {"groups": "active", "channels": ["email", "mobile"]}},
    "schools": {
        code: {
            "mis": {
                "connector": "bromcom",
                "url": f"https://mis.{code.lower()}.example/TPReadOnlyDataService.asmx",
                "school_id": number,
                "username": "reconcile",
                "password": {"env": f"{code}_MIS"},
                "drop": None,
            }
        }
        for code, number in (("AVN", 20001), ("BRK", 20002))
    },
}


def merged(base: dict[str, Any], *changes: dict[str, Any]) -> dict[str, Any]:
    """The base with changes laid over it, key by key; None takes a key out."""
    out = deepcopy(base)
    for change in changes:
        for key, value in change.items():
            if value is None:
                out.pop(key, None)
            elif isinstance(value, dict) and isinstance(out.get(key), dict):
                out[key] = merged(out[key], value)
            else:
                out[key] = deepcopy(value)
    return out


@dataclass(frozen=True, slots=True)
class Checked:
    """An estate with what the rules found in it."""

    estate: Estate
    document: Document
    found: list[Diagnostic]

    @property
    def codes(self) -> list[str]:
        return [finding.code for finding in self.found]

    def one(self, code: str) -> Diagnostic:
        """The only finding of a code."""
        matching = [finding for finding in self.found if finding.code == code]
        assert len(matching) == 1, f"{len(matching)} findings {code} among {self.codes}"
        return matching[0]


CheckSmall = Callable[..., Checked]


@pytest.fixture
def check_small(tmp_path: Path) -> CheckSmall:
    """Checks the small estate with changes laid over it; `flows=True` adds what third parties stand on."""

    def run(*changes: dict[str, Any], flows: bool = False) -> Checked:
        whole = merged(SMALL, *([FLOWS] if flows else []), *changes)
        path = tmp_path / "estate.yaml"
        path.write_text(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True), "utf-8")
        document = read_document(path)
        assert not document.findings, render_text(document.findings)
        estate = build_estate(document)
        return Checked(estate, document, list(check(estate, document)))

    return run
