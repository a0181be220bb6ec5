"""`reconcile drift` over real sockets: three ways, read only, one school never standing for another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, select

from reconciler.app.drift import DriftOutcome, drift
from reconciler.errors import ExitCode, Refused, UnknownName
from reconciler.settings import read_settings
from reconciler.simulator.practice import Practice, practice
from reconciler.simulator.year_change import roll_over
from reconciler.testing.fixtures import BACK_ENDS, PostgresDatabases, sqlite_url
from tests.cli.test_cli import fits
from tests.end_to_end.conftest import Desk
from tests.unprivileged import unprivileged

SERVED = ("AVN", "GHL")  # schools without files, which lie beside the practice's own store


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Practice, Desk]]:
    """The example estate, applied; AVN imported once."""
    with practice({}, into=str(tmp_path_factory.mktemp("drift") / "practice"), scale=0.05) as made:
        desk = Desk(settings=read_settings(made.environment)).init().apply()
        desk.sync("AVN", first=True)
        yield made, desk


@pytest.fixture(autouse=True)
def healed(at: tuple[Practice, Desk]) -> Iterator[None]:
    """Every test leaves the schools, the files and the clock as they were."""
    made, desk = at
    world, text = made.simulator.world, desk.settings.estate.read_text("utf-8")
    yield
    made.simulator.world = world
    made.simulator.server.heal()
    for code in made.simulator.exchange.partners:
        made.simulator.exchange.heal(code)
    made.simulator.server.grant("AVN", "PeriodStructures", "Staff")
    desk.settings.estate.write_text(text, "utf-8")


def found(outcome: DriftOutcome) -> list[tuple[str, str, str]]:
    return [(one.school, one.field, one.odd.value) for one in outcome.drift.found]


def edit(desk: Desk, old: str, new: str) -> None:
    text = desk.settings.estate.read_text("utf-8")
    assert old in text
    desk.settings.estate.write_text(text.replace(old, new), "utf-8")


def test_the_example_has_no_drift_but_what_is_expected(at: tuple[Practice, Desk]) -> None:
    """One tick too many that somebody sees to; one expectation that fits nothing is named as such."""
    outcome = drift(at[1].settings)
    assert outcome.exit_code is ExitCode.DONE
    assert [(one.address, why.owner) for one, why in outcome.drift.expected] == [
        ("entity_grant.cst-parentpay.PersonMedicalConditions", "data-manager")
    ]  # fmt: skip
    assert [one.address for one in outcome.drift.unused] == ["period_map.GHL.2026-2027"]
    assert not outcome.drift.failed


@pytest.mark.requirement(33, 39)
def test_another_timetable_at_a_school_is_drift_with_what_it_does(at: tuple[Practice, Desk]) -> None:
    """Where it is declared, whom to ask, and exit code 2."""
    made, desk = at
    made.simulator.server.fault("AVN", "twilight_period")
    outcome = drift(desk.settings)
    assert (found(outcome), outcome.exit_code) == ([("AVN", "live.periods", "live")], ExitCode.CHANGES)
    text = outcome.render("text")
    assert "lessons there would be lost" in text
    assert "estate.yaml:217" in text
    assert "mis@avn.example" in text


def test_expected_drift_is_listed_apart_until_its_day(at: tuple[Practice, Desk]) -> None:
    """Gillhead without its sixth period is expected until 15 January, since it was applied; then it is drift again."""
    made, desk = at
    made.simulator.world = made.simulator.world.without_period("GHL", "P6")
    now = drift(desk.settings, schools=("GHL",))
    ((one, why),) = now.drift.expected
    assert (one.field, now.exit_code) == ("live.periods", ExitCode.DONE)
    assert why.since == datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
    made.simulator.exchange.checks_date = False
    late = drift(replace(desk.settings, now=datetime(2027, 1, 16, 8, 40, tzinfo=UTC)), schools=("GHL",))
    assert (found(late), late.exit_code) == ([("GHL", "live.periods", "live")], ExitCode.CHANGES)
    made.simulator.exchange.checks_date = True
    assert "data-manager answers for it" in late.render("text")


def test_the_files_are_odd_where_store_and_school_agree_and_the_other_way_round(at: tuple[Practice, Desk]) -> None:
    """An edit that nobody applied yet; and a change at the school that the files have, and the store not."""
    made, desk = at
    edit(desk, 'urn: "900001"', 'urn: "900099"')
    outcome = drift(desk.settings, schools=("AVN",))
    assert found(outcome) == [("AVN", "live.urn", "declared")]
    assert outcome.drift.pending == 1
    edit(desk, 'urn: "900099"', 'urn: "900001"')
    made.simulator.server.fault("AVN", "twilight_period")
    edit(desk, "period_structure: W1D5P5,\n        offers: {students: {in_group: Outplaced}",
         "period_structure: W1D5TWI,\n        offers: {students: {in_group: Outplaced}")  # fmt: skip
    edit(desk, "  CST-blocks:  {weeks", "  W1D5TWI: {weeks: 1, days: 5, periods: [P1, P2, P3, P4, P5, TWI]}\n"
         "  CST-blocks:  {weeks")  # fmt: skip
    assert found(drift(desk.settings, schools=("AVN",))) == [("AVN", "live.periods", "stored")]


@pytest.mark.requirement(6)
def test_a_school_in_another_year_is_drift(at: tuple[Practice, Desk]) -> None:
    """A year behind; a year ahead it is what the hub announced, and only worth knowing."""
    made, desk = at
    made.simulator.server.fault("BRK", "other_year")
    assert found(drift(desk.settings, schools=("BRK",))) == [("BRK", "live.academic_year", "live")]
    made.simulator.server.heal("BRK")
    made.simulator.world = roll_over(made.simulator.world, "BRK")
    ahead = drift(desk.settings, schools=("BRK",))
    assert (found(ahead), ahead.exit_code) == ([], ExitCode.DONE)
    assert "2027-2028, as announced" in ahead.render("text")


@pytest.mark.requirement(84)
def test_ticks_that_were_taken_away_are_drift(at: tuple[Practice, Desk]) -> None:
    """Of the hub's account by what it needs, of a supplier's by what is granted; twenty is not twenty-one."""
    made, desk = at
    made.simulator.server.revoke("AVN", "Staff")
    made.simulator.server.revoke("AVN", "Nationalities", username="parentpay")
    outcome = drift(desk.settings, schools=("AVN",))
    made.simulator.server.grant("AVN", "Nationalities", username="parentpay")
    assert [(one.address, one.field) for one in outcome.drift.found] == [
        ("school.AVN", "live.granted.Staff"), ("entity_grant.avn-parentpay.Nationalities", "live.granted"),
    ]  # fmt: skip


@pytest.mark.requirement(31)
@pytest.mark.parametrize(
    ("fault", "field"), [("wrong_key", "live.exchange.key"), ("year_mismatch", "live.exchange.academic_year")]
)
def test_the_exchange_says_whether_key_and_year_fit(at: tuple[Practice, Desk], fault: str, field: str) -> None:
    """By the handshake that an export would begin with; nothing else is said to it."""
    made, desk = at
    made.simulator.exchange.fault("FGT", fault)
    before = len(made.simulator.exchange.calls)
    assert [one[1] for one in found(drift(desk.settings, schools=("FGT",)))] == [field]
    assert {call.path for call in made.simulator.exchange.calls[before:]} == {"handshake"}


@pytest.mark.requirement(66)
def test_a_school_that_cannot_be_asked_is_4_and_the_others_are_shown(at: tuple[Practice, Desk]) -> None:
    """Nothing is concluded about it, also no expectation; alone it is an error."""
    made, desk = at
    made.simulator.server.fault("GHL", "wrong_key")
    made.simulator.server.fault("AVN", "twilight_period")
    outcome = drift(desk.settings)
    assert (found(outcome), outcome.exit_code) == ([("AVN", "live.periods", "live")], ExitCode.PARTIAL)
    assert (outcome.drift.failed, outcome.drift.unused) == ({"GHL"}, ())
    assert "http.unauthorised" in outcome.render("text")
    assert drift(desk.settings, schools=("GHL",)).exit_code is ExitCode.ERROR


@pytest.mark.requirement(34)
def test_offered_counts_are_information(at: tuple[Practice, Desk]) -> None:
    """One more is what the next import is for."""
    made, desk = at
    avn = made.simulator.world.schools["AVN"]
    ref = next(f"AVN:{s.id}" for s in avn.students if not s.offered and s.end is None)
    made.simulator.world = made.simulator.world.offer(ref)
    outcome = drift(desk.settings, schools=("AVN",))
    count = len(avn.offered_students())
    assert outcome.exit_code is ExitCode.DONE
    assert f"{count + 1} students offered and {count} held" in outcome.render("text")


def test_json_fits_its_schema(at: tuple[Practice, Desk]) -> None:
    """With drift, expected, unused and unasked all in it; and no secret or name."""
    made, desk = at
    made.simulator.server.fault("AVN", "twilight_period")
    made.simulator.server.fault("BRK", "wrong_key")
    told = json.loads(drift(desk.settings).render("json"))
    fits(json.dumps(told), "drift")
    assert all(told[key] for key in ("drift", "expected", "unused", "unasked", "notes"))
    text = json.dumps(told)
    assert not [value for name, value in made.environment.items() if name.endswith(("PASSWORD",)) and value in text]


def test_an_unknown_school_is_named_with_the_nearest(at: tuple[Practice, Desk]) -> None:
    """Before anybody is asked."""
    with pytest.raises(UnknownName) as error:
        drift(at[1].settings, schools=("AVNN",))
    assert "AVN" in error.value.hint


@pytest.mark.parametrize("back_end", BACK_ENDS)
def test_nothing_at_all_is_written(at: tuple[Practice, Desk], back_end: str, tmp_path: Path,
                                   request: pytest.FixtureRequest) -> None:  # fmt: skip
    """Every row of every table is what it was, and the SQLite file byte by byte, also where it may only be read."""
    made, _ = at
    if back_end == "sqlite":
        url = sqlite_url(tmp_path)
    else:
        databases: PostgresDatabases = request.getfixturevalue("postgres")
        url = databases.empty()
    desk = Desk(settings=read_settings({**made.environment, "RECONCILE_STORE": url})).init()
    with pytest.raises(Refused) as nothing:
        drift(desk.settings)
    assert nothing.value.code == "state.empty"
    desk.apply()
    made.simulator.server.fault("AVN", "twilight_period")
    before = rows(url)
    if back_end == "sqlite":
        file = Path(url.removeprefix("sqlite:///"))
        content = file.read_bytes()
        file.chmod(0o400)
        file.parent.chmod(0o500)
        outcome = unprivileged(lambda: drift(desk.settings, schools=SERVED))
        file.parent.chmod(0o700)
        assert file.read_bytes() == content
        assert not list(file.parent.glob("*school*.lock"))
    else:
        outcome = drift(desk.settings, schools=SERVED)
    assert outcome.exit_code is ExitCode.CHANGES
    assert rows(url) == before


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    engine = create_engine(url)
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        content = {name: sorted(map(tuple, connection.execute(select(table))), key=repr)
                   for name, table in tables.tables.items()}  # fmt: skip
    engine.dispose()
    return content
