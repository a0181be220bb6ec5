"""Which stored resource each declared one is: the same address, moved here, new, or gone from the files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.diagnostics import Position
from reconciler.estate.model import Moved, Removed
from reconciler.plan.state import StoredResource, StoredState
from reconciler.plan.value import Block
from reconciler.resources.resource import Resource

# A child goes, and moves, with its owner: a partner's own maps, a third party's grants.
_OWNERS = {"period_map": "partner", "entity_grant": "third_party"}
# Their names hold a school's code, which is part of every id of its people.
_CODED = frozenset({"school", "partner", "period_map"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A stored resource that the files no longer declare. `removed` is its entry, `owner` what it goes with.

    With neither, `narrows` says that an edit of its owner took it away (a grant), else nobody said so: it is held.
    """

    stored: StoredResource
    removed: Removed | None = None
    owner: str = ""
    narrows: bool = False


@dataclass(slots=True, kw_only=True)
class Pairing:
    """The outcome, each list by address."""

    new: list[Resource] = field(default_factory=list)
    changed: list[tuple[Resource, StoredResource]] = field(default_factory=list)
    moved: list[tuple[Resource, StoredResource]] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    same: int = 0


def owner_of(address: str) -> str:
    """`partner.AVN` for `period_map.AVN.2026-2027`, empty for what goes alone."""
    kind, _, rest = address.partition(".")
    owner = _OWNERS.get(kind)
    return f"{owner}.{rest.partition('.')[0]}" if owner else ""


def pair(wanted: Mapping[str, Resource], state: StoredState, removed: Sequence[Removed],
         moved: Sequence[Moved]) -> Pairing:  # fmt: skip
    """Pairs every declared resource with a stored one; only digests are compared."""
    out = Pairing()
    sources = _sources(wanted, state, moved, out)
    from_addresses = set(sources.values())
    for address in sorted(wanted):
        resource = wanted[address]
        stored = state.resources.get(address)
        if address in sources:
            out.moved.append((resource, state.resources[sources[address]]))
        elif stored is None:
            out.new.append(resource)
        elif stored.digest != resource.digest:
            out.changed.append((resource, stored))
        else:
            out.same += 1
    absent = [a for a in sorted(state.resources) if a not in wanted and a not in from_addresses]
    out.gone = _gone(absent, wanted, state, removed)
    out.blocks += _contradictions(wanted, removed)
    return out


def _sources(wanted: Mapping[str, Resource], state: StoredState, moved: Sequence[Moved],
             out: Pairing) -> dict[str, str]:  # fmt: skip
    """New address -> stored address, for `moved:` entries that still have something to do, children included."""
    sources: dict[str, str] = {}
    for entry in moved:
        old, new = entry.from_address, entry.to_address
        if old not in state.resources or new in state.resources:
            continue  # done by an earlier apply, or nothing to move
        block = _cannot_move(entry, wanted, state)
        if block:
            out.blocks.append(block)
            continue
        sources[new] = old
        sources.update(_children(old, new, wanted, state))
    return sources


def _children(old: str, new: str, wanted: Mapping[str, Resource], state: StoredState) -> Iterable[tuple[str, str]]:
    if old.partition(".")[0] not in _OWNERS.values():
        return
    for child in state.resources:
        if owner_of(child) == old:
            kind, _, last = child.split(".", 1)[0], None, child.rsplit(".", 1)[1]
            target = f"{kind}.{new.split('.', 1)[1]}.{last}"
            if target in wanted and child not in wanted and target not in state.resources:
                yield target, child


def _cannot_move(entry: Moved, wanted: Mapping[str, Resource], state: StoredState) -> Block | None:
    old, new = entry.from_address, entry.to_address
    if old in wanted:
        message, hint = (
            f"moved: says that {old} became {new}, but {old} is still declared",
            f"remove one of {old} and the entry",
        )
    elif new not in wanted:
        message, hint = (
            f"moved: says that {old} became {new}, which is not declared",
            f"declare {new}, or correct the entry",
        )
    elif old.partition(".")[0] != new.partition(".")[0]:
        message, hint = f"{old} cannot become {new}: they are of different kinds", "remove the one and add the other"
    elif _recodes(old, new, state):
        message = f"{old} cannot become {new}: the school's code is part of the ids of its people"
        hint = f"write removed: [{{address: {old}, data: keep}}] and declare {new} as a new school"
    else:
        return None
    return Block(code="plan.move", address=old, message=message, hint=hint, position=entry.position)


def _recodes(old: str, new: str, state: StoredState) -> bool:
    before, after = (address.split(".")[1:2] for address in (old, new))
    return (old.partition(".")[0] in _CODED and before != after
            and any([a.school] == before for a in state.attachments))  # fmt: skip


def _gone(absent: Sequence[str], wanted: Mapping[str, Resource], state: StoredState,
          removed: Sequence[Removed]) -> list[Gone]:  # fmt: skip
    entries = {entry.address: entry for entry in removed}
    missing = set(absent)
    found = []
    for address in absent:
        owner = owner_of(address)
        stored = state.resources[address]
        if address in entries:
            found.append(Gone(stored=stored, removed=entries[address]))
        elif owner in missing:
            found.append(Gone(stored=stored, owner=owner))
        else:
            found.append(Gone(stored=stored, narrows=stored.kind == "entity_grant" and owner in wanted))
    return found


def _contradictions(wanted: Mapping[str, Resource], removed: Sequence[Removed]) -> list[Block]:
    return [
        Block(code="plan.removed_but_declared", address=entry.address, position=_place(entry, wanted),
              message=f"{entry.address} is declared and listed under removed: as well",
              hint="take it out of removed: to keep it, or out of its section to remove it")
        for entry in removed
        if entry.address in wanted
    ]  # fmt: skip


def _place(entry: Removed, wanted: Mapping[str, Resource]) -> Position | None:
    return entry.position or wanted[entry.address].position
