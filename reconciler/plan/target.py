"""`--target`: the actions asked for with all that they need, so that a partial apply keeps the state whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from reconciler.errors import UnknownName
from reconciler.plan.order import walk
from reconciler.plan.pairing import owner_of
from reconciler.plan.state import StoredState
from reconciler.plan.value import REMOVING, Action
from reconciler.resources.resource import Resource
from reconciler.vocabulary.suggestions import did_you_mean


def chosen(actions: Sequence[Action], wanted: Mapping[str, Resource], state: StoredState,
           targets: Sequence[str]) -> tuple[set[str], tuple[str, ...]]:  # fmt: skip
    """Addresses of the actions that stay, and those among them that only a dependency drew in.

    Raises UnknownName for a target that fits no declared and no stored resource.
    """
    roots = matched(targets, {*wanted, *state.resources})
    by_stored = {a.moved_from or a.address: a for a in actions}
    by_address = {a.address: a for a in actions}
    dependents = _dependents(by_stored, state)
    taken: dict[str, None] = {}
    todo = sorted(roots)
    while todo:
        reached = walk([a for a in todo if a in wanted], lambda a: wanted[a].depends_on if a in wanted else ())
        fresh = [a for a in dict.fromkeys([*reached, *todo]) if a not in taken]
        taken.update(dict.fromkeys(fresh))
        todo = []
        for address in fresh:
            action = by_address.get(address) or by_stored.get(address)
            if action and (action.action in REMOVING or action.moved_from):
                # What referred to the old address must let go of it in the same plan.
                todo += [action.address, *dependents.get(action.moved_from or action.address, ())]
        todo = [a for a in todo if a not in taken]
    asked = {by_stored[a].address if a in by_stored else a for a in roots}
    kept = {a for a in taken if a in by_address}
    return kept, tuple(sorted(kept - asked))


def matched(targets: Sequence[str], known: Iterable[str]) -> set[str]:
    """The addresses that the targets fit. Raises UnknownName for a target that fits none."""
    addresses = set(known)
    found: set[str] = set()
    for target in targets:
        hits = {a for a in addresses if fnmatchcase(a, target)}
        if not hits:
            raise UnknownName(
                "plan.unknown_target", f"no resource fits --target {target}",
                hint=did_you_mean(target, addresses) or "give an address or a pattern such as 'partner.*'",
                subject=target,
            )  # fmt: skip
        found |= hits
    return found


def _dependents(by_stored: Mapping[str, Action], state: StoredState) -> dict[str, list[str]]:
    """Stored address -> new addresses of the actions on stored resources that refer to it or belong to it."""
    found: dict[str, list[str]] = {}
    for address, action in sorted(by_stored.items()):
        stored = state.resources.get(address)
        if stored:
            for reference in {*stored.depends_on, owner_of(address)} - {""}:
                found.setdefault(reference, []).append(action.address)
    return found
