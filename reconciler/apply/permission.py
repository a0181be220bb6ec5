"""Who may do what, by the operators of the applied estate (VS, rule 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.errors import NotPermitted
from reconciler.plan.state import StoredState
from reconciler.resources.resource import Resource
from reconciler.vocabulary.actor import Actor

Operators = Mapping[str, Mapping[str, Any]]


def operators_of(state: StoredState, declared: Sequence[Resource]) -> Operators:
    """Operators by name: the applied ones; before any was applied, those that the files declare."""
    applied = {_name(r.address): r.spec for r in state.resources.values() if r.kind == "operator"}
    return applied or {_name(r.address): r.spec for r in declared if r.kind == "operator"}


def recognised(actor: Actor, operators: Operators) -> list[str]:
    """The operators that the actor is, by name; several when several match."""
    return sorted(name for name, spec in operators.items() if _matches(actor, name, spec.get("match") or {}))


def require_role(actor: Actor, role: str, operators: Operators, *, doing: str) -> None:
    """Raises NotPermitted (exit 5) unless the actor is an operator with `role`; `doing` says what for."""
    known = recognised(actor, operators)
    if any(role in (operators[name].get("roles") or ()) for name in known):
        return
    able = sorted(name for name, spec in operators.items() if role in (spec.get("roles") or ()))
    if known:
        roles = sorted({r for name in known for r in operators[name].get("roles") or ()})
        who = f"{actor} is operator {', '.join(known)} with the roles {', '.join(roles) or 'none'}"
    else:
        who = f"{actor} matches no operator of the applied estate"
    raise NotPermitted(
        "apply.not_permitted",
        f"{doing} needs the role {role}; {who}",
        hint=f"operators with that role: {', '.join(able) or 'none'}; "
        "who acts comes from RECONCILE_ACTOR, else CI, else git",
    )


def _matches(actor: Actor, name: str, match: Mapping[str, Any]) -> bool:
    """A claim counts for its own sort: a git address never passes for a CI job, nor a system user for an operator."""
    email, job = str(match.get("git_email", "")).casefold(), str(match.get("ci", ""))
    claimed = actor.name.casefold()
    if actor.source == "git":
        return bool(email) and claimed == email
    if actor.source == "env":
        return claimed in {name.casefold(), email, job.casefold()} - {""}
    if actor.source == "system":
        return False
    return bool(job) and job in (actor.name, f"{actor.source}:{actor.name}")


def _name(address: str) -> str:
    return address.partition(".")[2]
