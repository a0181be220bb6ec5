"""A partner leaves and comes back: with the same key its data is there again, and only its map is asked for (VS, rules
24 to 29)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.app.context import opened
from reconciler.errors import Held
from reconciler.plan.state import Attachment, AttachmentStatus
from reconciler.records.entities import Entity
from reconciler.simulator.edits import EstateFile
from reconciler.syncs.ports import FeedScope
from reconciler.transfers.entry import Outcome
from reconciler.vocabulary.codes import AcademicYear
from tests.end_to_end.conftest import Desk

SCHOOL = "CST"
KEY = "REC_KEY_CST"


def rows(desk: Desk) -> dict[Entity, list[tuple[object, ...]]]:
    """Every live row of the school, as it is held."""
    with opened(desk.settings) as context:
        feeds = context.store.feeds
        scope = FeedScope(
            school=SCHOOL, attachment=feeds.attachment(SCHOOL), feed="hub", year=AcademicYear.parse("2026-2027")
        )
        return {entity: list(feeds.rows(scope, entity)) for entity in Entity}


def attachments(desk: Desk) -> list[Attachment]:
    """What the store knows of the school under its keys, the latest status of each."""
    with opened(desk.settings) as context:
        return [a for a in context.store.state.read_state().attachments if a.school == SCHOOL and a.fingerprint]


def with_key(desk: Desk, value: str) -> Desk:
    """The same desk where the key's reference holds another value."""
    return replace(desk, settings=replace(desk.settings, environment={**desk.settings.environment, KEY: value}))


@pytest.fixture
def left(example: Desk) -> tuple[Desk, EstateFile, dict[Entity, list[tuple[object, ...]]]]:
    """A partner that was imported, then removed with its confirmation; what was held of it before."""
    assert example.sync(SCHOOL, first=True).results[0].outcome is Outcome.DONE
    held = rows(example)
    estate = EstateFile(example.settings.estate)
    estate.without_partner(SCHOOL, reason="left the consortium")
    example.apply()
    return example, estate, held


Left = tuple[Desk, EstateFile, dict[Entity, list[tuple[object, ...]]]]


@pytest.mark.requirement(24, 26)
def test_a_removed_partner_is_out_of_live_views_and_its_rows_are_kept(left: Left) -> None:
    """Retained under its key, counted."""
    desk, _, held = left
    assert SCHOOL not in desk.records()
    (kept,) = attachments(desk)
    assert kept.status is AttachmentStatus.RETAINED
    assert kept.rows == {entity.value: len(found) for entity, found in held.items() if found}


@pytest.mark.requirement(29)
def test_its_old_map_is_not_used_again_and_nothing_else_is_asked_for(left: Left) -> None:
    """The plan is blocked by the map alone, says what to write, and an apply changes nothing."""
    desk, estate, _ = left
    estate.as_shipped()
    plan = desk.plan()
    assert [block.code for block in plan.blocks] == ["plan.map_attachment"]
    assert plan.blocks[0].address == f"period_map.{SCHOOL}.2026-2027"
    assert "write attachment: 2 in it" in plan.blocks[0].hint
    assert not [risk for risk in plan.risks if SCHOOL in risk.address]
    with pytest.raises(Held):
        desk.apply()
    assert SCHOOL not in desk.records()


@pytest.mark.requirement(27, 29)
def test_with_the_same_key_and_a_map_anew_the_data_is_back_without_an_import(left: Left) -> None:
    """The very rows, under the same attachment with the next number; no first run by hand, no duplicate."""
    desk, estate, held = left
    estate.as_shipped()
    estate.map_again(SCHOOL, attachment=2)
    plan = desk.plan()
    assert not plan.waiting
    (partner,) = [action for action in plan.actions if action.address == f"partner.{SCHOOL}"]
    total = sum(len(found) for found in held.values())
    assert any(note.startswith(f"re-attaches {total} rows") for note in partner.notes)

    desk.apply()
    assert rows(desk) == held
    assert [(a.status, a.number) for a in attachments(desk)] == [(AttachmentStatus.LIVE, 2)]
    assert desk.plan().empty
    (result,) = [r for r in desk.sync().results if r.entry.school == SCHOOL]  # as the schedule would run it
    assert result.outcome is Outcome.UNCHANGED
    assert rows(desk) == held


@pytest.mark.requirement(28)
def test_with_another_key_it_is_a_new_school_and_the_old_rows_are_orphaned(left: Left) -> None:
    """A risk that is held until somebody allows it; then it starts with nothing, and its first import is by hand."""
    desk, estate, held = left
    estate.as_shipped()
    other = with_key(desk, "another-key-for-the-same-college")
    plan = other.plan()
    (risk,) = [risk for risk in plan.risks if risk.name == "orphan"]
    assert risk.address == f"partner.{SCHOOL}"
    assert f"{sum(len(found) for found in held.values())} rows" in risk.message
    assert not plan.blocks  # as a new school its map is for attachment 1
    with pytest.raises(Held):
        other.apply()
    assert [a.status for a in attachments(desk)] == [AttachmentStatus.RETAINED]

    other.apply(allowed=(f"orphan:partner.{SCHOOL}",))
    assert not any(rows(other).values())
    assert sorted(a.status.value for a in attachments(desk)) == ["live", "orphaned"]
    (result,) = [r for r in other.sync().results if r.entry.school == SCHOOL]
    assert result.outcome is Outcome.WAITING


@pytest.mark.requirement(27, 28)
def test_after_another_key_the_first_one_still_brings_its_rows_back(left: Left) -> None:
    """Orphaned rows wait under their key; the map is then for the second attachment of that key."""
    desk, estate, held = left
    estate.as_shipped()
    with_key(desk, "another-key-for-the-same-college").apply(allowed=(f"orphan:partner.{SCHOOL}",))
    estate.map_again(SCHOOL, attachment=2)
    desk.apply(allowed=(f"orphan:partner.{SCHOOL}",))
    assert rows(desk) == held
