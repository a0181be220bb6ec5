"""Who is ready for a first import: partners that are listed and mapped, and nobody else (VS, rules 32 and 44)."""

from __future__ import annotations

import json

import pytest

from reconciler.app import due
from reconciler.app.status import status
from reconciler.documents.read import read_document
from reconciler.errors import Held
from reconciler.settings import read_settings
from reconciler.simulator.practice import Practice
from reconciler.transfers.entry import Outcome
from tests.end_to_end.conftest import Desk

KEPT = ("version", "estate_id", "organisation", "operators", "virtual_school", "calendars", "period_structures")
PARTNERS = ("AVN", "FGT")


def declare(schools: Practice, *mapped: str) -> None:
    """Two partners of the example estate, of which these have a period map."""
    whole = read_document(schools.folder / "estate.yaml").value
    small = {name: whole[name] for name in (*KEPT, "schools", "partners", "period_maps") if name in whole}
    for name in ("schools", "partners"):
        small[name] = {code: whole[name][code] for code in PARTNERS}
    small["period_maps"] = {code: whole["period_maps"][code] for code in mapped}
    (schools.folder / "estate.yaml").write_text(json.dumps(small), "utf-8")


@pytest.mark.requirement(32, 44)
def test_a_first_import_of_everybody_waits_until_everybody_is_mapped(schools: Practice, store_url: str) -> None:
    """Nothing is begun, the refusal names who is ready; naming those imports them, and the map lets the rest follow."""
    example = schools.folder / "estate.yaml"
    whole = example.read_bytes()
    declare(schools, "AVN")
    desk = Desk(settings=read_settings({**schools.environment, "RECONCILE_STORE": store_url})).init().apply()

    with pytest.raises(Held) as refused:
        desk.sync(first=True)
    assert refused.value.code == "import.not_ready"
    assert "FGT has no period map for 2026-2027" in refused.value.message
    assert refused.value.hint.endswith("reconcile sync import --first --school AVN")
    assert desk.records() == {}

    assert desk.sync("AVN", first=True).results[0].outcome is Outcome.DONE
    (waiting,) = desk.sync("FGT", first=True).results
    assert (waiting.outcome, [issue.code for issue in waiting.issues]) == (
        Outcome.WAITING, ["period.unmapped_partner"],
    )  # fmt: skip
    standing = {p.code: p for p in status(desk.settings, due.scheduled_flows()).partners}
    assert "period.unmapped_partner" in {need.code for need in standing["FGT"].missing}
    assert list(desk.records()) == ["AVN"]

    example.write_bytes(whole)
    declare(schools, "AVN", "FGT")
    desk.apply()
    assert desk.sync("FGT", first=True).results[0].outcome is Outcome.DONE
    assert sorted(desk.records()) == ["AVN", "FGT"]
