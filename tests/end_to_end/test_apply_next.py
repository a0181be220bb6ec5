"""What comes after an apply, on SQLite and PostgreSQL: the partners that wait for a person are named."""

from __future__ import annotations

import pytest

from reconciler.app import control
from reconciler.settings import read_settings
from reconciler.simulator.practice import Practice
from tests.end_to_end.conftest import Desk


@pytest.mark.requirement(45)
def test_the_next_step_names_the_partners_that_wait_for_their_first_import(schools: Practice, store_url: str) -> None:
    """All of them at first; one that has been imported is not named again, and without any the plain import is next."""
    desk = Desk(settings=read_settings({**schools.environment, "RECONCILE_STORE": store_url})).init()
    told = control.apply(desk.settings).render("text")
    assert "Next: reconcile sync import --first --school AVN --school BRK" in told
    desk.sync("AVN", first=True)
    estate = desk.settings.estate
    estate.write_text(estate.read_text("utf-8").replace("Ashvale North Academy", "Ashvale Academy"), "utf-8")
    told = control.apply(desk.settings).render("text")
    assert "Next: reconcile sync import --first --school BRK" in told
    assert "--school AVN" not in told
