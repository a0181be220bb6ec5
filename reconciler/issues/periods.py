"""Timetables that do not come in because a map is missing or leaves a period out (VS, rules 32 and 39)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue, Owner
from reconciler.issues.rule import Rule, RunFacts
from reconciler.records.entities import Entity


class UnmappedPartner(Rule):
    """`period.unmapped_partner`: a partner without a period map is not ready, so nothing of it comes in."""

    code = "period.unmapped_partner"

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        if facts.unmapped:
            yield facts.issue(
                self.code, severity=Severity.ERROR, entity=Entity.LESSONS.value, record="", owner=Owner.HUB,
                message=f"{facts.school} has no period map, so nothing of it is imported",
                next_step=f"declare period_maps.{facts.school} for this year, then plan and apply",
            )  # fmt: skip


class SlotUnreached(Rule):
    """`period.slot_unreached`: lessons in a partner period that no hub period is mapped to are left out."""

    code = "period.slot_unreached"
    needs = frozenset({Entity.LESSONS, Entity.CLASSES})

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        for slot, classes in sorted(facts.unreached.items()):
            named = ", ".join(sorted(classes))
            yield facts.issue(
                self.code, severity=Severity.WARNING, entity=Entity.LESSONS.value, record=slot, owner=Owner.HUB,
                message=f"no hub period is mapped to {slot}; classes that lose a lesson: {named}",
                next_step=f"map a hub period to it in period_maps.{facts.school}, or leave it out on purpose",
            )  # fmt: skip
