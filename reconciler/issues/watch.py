"""All rules over one run: shown each row that stays, asked once at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.issues.issue import DataIssue
from reconciler.issues.registry import IMPORT_RULES
from reconciler.issues.rule import Rule, RunFacts
from reconciler.records.entities import Entity
from reconciler.records.row_digest import CanonicalRow


class Watch:
    """The rules of one run, with what they have seen so far."""

    def __init__(self, rules: Sequence[type[Rule]] = IMPORT_RULES) -> None:
        self._rules = [rule() for rule in rules]
        self._seers: dict[Entity, list[Callable[[Entity, CanonicalRow], None]]] = {
            entity: [rule.see for rule in self._rules if entity in rule.reads] for entity in Entity
        }

    def see(self, entity: Entity, row: CanonicalRow) -> None:
        """Shows a row in scope to every rule that reads its entity."""
        for see in self._seers[entity]:
            see(entity, row)

    def found(self, facts: RunFacts) -> tuple[DataIssue, ...]:
        """Every issue once, in the order of its identity."""
        issues = {issue.identity: issue for rule in self._rules for issue in rule.found(facts)}
        return tuple(issues[identity] for identity in sorted(issues))

    def judged(self, facts: RunFacts) -> frozenset[str]:
        """The codes whose open issues may be closed when they were not found again."""
        return frozenset(rule.code for rule in self._rules if rule.needs <= facts.judged)
