"""Which steps are risky: claimed uniqueness, wider sharing, another lawful basis. One function a kind, one table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from reconciler.plan.state import AttachmentStatus, StoredState
from reconciler.plan.value import REMOVING, Action, Block, Evidence, Risk

Spec = Mapping[str, Any]
_GOVERNS = {"admission_numbers_unique": ("students", "tutor_groups"), "staff_codes_unique": ("staff",)}


def risks_of(actions: Sequence[Action], state: StoredState, evidence: Mapping[str, Evidence]) -> list[Risk]:
    """Every risk of the actions, in their order. Only a change of what is stored is risky: a first apply has none."""
    found: list[Risk] = []
    for action in actions:
        if action.action in REMOVING or action.after is None:
            continue
        if action.kind == "virtual_school":
            found += _identifiers(action, state, evidence)
        elif rule := _RULES.get(action.kind):
            found += [_informed(risk, evidence.get(risk.token)) for risk in rule(action, state)]
    return found


def clashes_of(risks: Sequence[Risk], evidence: Mapping[str, Evidence]) -> list[Block]:
    """Risks whose evidence shows that the step is impossible (VS, rule 11)."""
    return [
        Block(
            code="plan.identity_clash", address=risk.address, position=risk.position,
            message=f"uniqueness is claimed, and {len(clashes)} "
            f"{'value is' if len(clashes) == 1 else 'values are'} carried at more than one school: {_first(clashes)}",
            hint="leave the flag false, or have the schools change these numbers and import again",
        )
        for risk in risks
        if (clashes := evidence[risk.token].clashes if risk.token in evidence else ())
    ]  # fmt: skip


def _first(items: Sequence[str], most: int = 5) -> str:
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return "; ".join(items[:most]) + more


def _informed(risk: Risk, evidence: Evidence | None, *, silent: Collection[str] = ()) -> Risk:
    """The risk with its evidence; figures that are `silent` stand in its message already."""
    if evidence is None:
        return risk
    seen = ", ".join(f"{name}: {n}" for name, n in sorted(evidence.figures.items()) if name not in silent)
    message = f"{risk.message} ({seen})" if seen else risk.message
    return Risk(name=risk.name, address=risk.address, message=message, hint=risk.hint, position=risk.position,
                facts={**risk.facts, **evidence.facts, "clashes": list(evidence.clashes)},
                figures={**risk.figures, **evidence.figures})  # fmt: skip


def _identifiers(action: Action, state: StoredState, evidence: Mapping[str, Evidence]) -> Iterator[Risk]:
    """Another way of making ids re-keys everybody whose ids it makes (VS, rules 10, 15 and 16).

    Figures named like an entity are the numbers of records that get another id, others say what was compared.
    """
    before, after = (_part(spec, "identifiers") for spec in (action.before, action.after))
    flags = ("admission_numbers_unique", "staff_codes_unique", "separator")
    changed = {flag: [before.get(flag), after.get(flag)] for flag in flags if before.get(flag) != after.get(flag)}
    if action.before is None or not changed:
        return
    known = evidence.get(f"rekey:{action.address}")
    exact = known.figures if known else {}
    rows = {entity: exact.get(entity, _live_rows(state, entity)) for entity in rekeyed(before, after)}
    who = ", ".join(f"{n} {entity.replace('_', ' ')}" for entity, n in rows.items() if n) or "nobody yet"
    claimed = [flag for flag in changed if after.get(flag) is True]
    claim = f"; {' and '.join(claimed)} {'are' if len(claimed) > 1 else 'is'} claimed" if claimed else ""
    risk = Risk(name="rekey", address=action.address, position=action.position,
                message=f"changes the ids of {who}{claim}",
                hint="claim uniqueness only when it is certain: a false claim overwrites people" if claimed
                else "whoever matches on the hub's ids must hear of it; each partner's next import brings the new ones",
                facts={"changed": changed}, figures={entity: n for entity, n in rows.items() if n})  # fmt: skip
    yield _informed(risk, known, silent=rows)


def rekeyed(before: Spec, after: Spec) -> tuple[str, ...]:
    """The entities whose ids change with these identifier settings: one flag governs students and tutor groups."""

    def head(settings: Spec, flag: str) -> object:
        return None if settings.get(flag) is True else settings.get("separator") or ""

    return tuple(
        entity for flag, entities in _GOVERNS.items() if head(before, flag) != head(after, flag) for entity in entities
    )


def _live_rows(state: StoredState, entity: str) -> int:
    return sum(a.rows.get(entity, 0) for a in state.attachments if a.status is AttachmentStatus.LIVE)


def _entity_grant(action: Action, state: StoredState) -> Iterator[Risk]:
    before, after = action.before or {}, action.after or {}
    party, entity, recipient = after.get("third_party"), after.get("entity"), after.get("recipient")
    if action.before is None and f"third_party.{party}" in state.resources:
        yield _wider(action, f"{recipient} would be given {entity} through {party}",
                     {"entity": entity, "recipient": recipient})  # fmt: skip
    elif action.before is not None and (before.get("recipient"), before.get("entity")) != (recipient, entity):
        yield _wider(action, f"{entity} would go to {recipient} instead of {before.get('recipient')}",
                     {"entity": [before.get("entity"), entity],
                      "recipient": [before.get("recipient"), recipient]})  # fmt: skip


def _lawful_basis(action: Action, state: StoredState) -> Iterator[Risk]:
    before, after = action.before, action.after or {}
    if before is None:
        return
    if before.get("sharing_mode") != after.get("sharing_mode") and after.get("sharing_mode") == "all":
        yield _wider(action, "everybody in scope would be shared, not only those who consented",
                     {"sharing_mode": [before.get("sharing_mode"), "all"]})  # fmt: skip
    yield from _basis_changed(action, ("lawful_basis", "art9"))


def _third_party(action: Action, state: StoredState) -> Iterator[Risk]:
    before, after = action.before, action.after or {}
    if before is None:
        return
    for field in ("recipient", "school"):
        if before.get(field) != after.get(field):
            yield _wider(action, f"{field} changes from {before.get(field)} to {after.get(field)}",
                         {field: [before.get(field), after.get(field)]})  # fmt: skip
    if wider(before.get("streams"), after.get("streams")):
        yield _wider(action, "more people would be shared: streams "
                     f"{_words(before.get('streams'))} become {_words(after.get('streams'))}",
                     {"streams": [before.get("streams"), after.get("streams")]})  # fmt: skip
    yield from _basis_changed(action, ("basis",))


def _partner(action: Action, state: StoredState) -> Iterator[Risk]:
    before, after = action.before, action.after or {}
    if before is not None and wider(before.get("offers"), after.get("offers")):
        yield _wider(action, "more students or classes would be offered to the hub",
                     {"offers": [before.get("offers"), after.get("offers")]})  # fmt: skip


def _recipient(action: Action, state: StoredState) -> Iterator[Risk]:
    before, after = action.before, action.after or {}
    if before is not None and wider(before.get("downstream") or [], after.get("downstream") or []):
        yield _wider(action, f"passes data on to {_words(after.get('downstream'))}",
                     {"downstream": [before.get("downstream"), after.get("downstream")]})  # fmt: skip


def _wider(action: Action, message: str, facts: Mapping[str, Any]) -> Risk:
    return Risk(name="wider_sharing", address=action.address, position=action.position, message=message,
                hint="check the lawful basis and the agreement with the recipient first", facts=facts)  # fmt: skip


def _basis_changed(action: Action, fields: tuple[str, ...]) -> Iterator[Risk]:
    before, after = action.before or {}, action.after or {}
    changed = {field: [before.get(field), after.get(field)] for field in fields
               if before.get(field) != after.get(field)}  # fmt: skip
    if changed:
        yield Risk(name="changed_basis", address=action.address, position=action.position,
                   message=f"the lawful basis changes: {', '.join(changed)}",
                   hint="the data protection officer decides on a changed basis", facts=changed)  # fmt: skip


def wider(before: Any, after: Any) -> bool:
    """Whether a selection lets more through than before; what cannot be shown to be narrower counts as wider."""
    if before == after or after is None or before == "all":
        return False
    if before is None or after == "all":
        return True
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return any(_looser(before.get(key), after[key]) for key in after)
    if isinstance(before, list) and isinstance(after, list):
        return any(item not in before for item in after)
    return True


def _looser(before: Any, after: Any) -> bool:
    """The same for one part, whose keys are conditions: a condition that went lets more through."""
    if isinstance(before, Mapping) and isinstance(after, Mapping) and before.keys() - after.keys():
        return True
    return wider(before, after)


def _part(spec: Spec | None, name: str) -> Mapping[str, Any]:
    part = (spec or {}).get(name)
    return part if isinstance(part, Mapping) else {}


def _words(items: Any) -> str:
    return ", ".join(map(str, items)) if isinstance(items, list) and items else "none"


_RULES: Mapping[str, Callable[[Action, StoredState], Iterator[Risk]]] = {
    "entity_grant": _entity_grant,
    "lawful_basis": _lawful_basis,
    "third_party": _third_party,
    "partner": _partner,
    "recipient": _recipient,
}
