"""The order of actions: what is needed first comes first, deletions the other way round, always the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from reconciler.errors import Refused
from reconciler.plan.value import REMOVING, Action

References = Callable[[str], Sequence[str]]


def in_order(actions: Sequence[Action], *, wanted: References, stored: References) -> tuple[Action, ...]:
    """Actions with dependencies first, then removals with dependents first.

    `wanted` and `stored` give the references of an address in the files and in the state; an unchanged resource in
    between still orders its neighbours. Raises Refused on a circle.
    """
    making = [a for a in actions if a.action not in REMOVING]
    removing = [a for a in actions if a.action in REMOVING]
    depth = _depths([a.address for a in making], wanted)
    height = _depths([a.address for a in removing], stored)
    return (*sorted(making, key=lambda a: (depth[a.address], a.address)),
            *sorted(removing, key=lambda a: (-height[a.address], a.address)))  # fmt: skip


def _depths(roots: Iterable[str], references: References) -> dict[str, int]:
    """How many references lie below each address on its longest way down."""
    depths: dict[str, int] = {}
    for address in walk(roots, references):
        depths[address] = 1 + max((depths[needed] for needed in references(address)), default=0)
    return depths


def walk(roots: Iterable[str], references: References) -> list[str]:
    """Every address that the roots reach, each after all that it refers to. Raises Refused on a circle."""
    done: dict[str, None] = {}
    open_: dict[str, None] = {}
    for root in sorted(roots):
        stack = [(root, iter(sorted(references(root))))] if root not in done else []
        open_ = {root: None} if stack else {}
        while stack:
            address, rest = stack[-1]
            following = next((n for n in rest if n not in done), None)
            if following is None:
                stack.pop()
                del open_[address]
                done[address] = None
            elif following in open_:
                raise _circle([*open_, following])
            else:
                open_[following] = None
                stack.append((following, iter(sorted(references(following)))))
    return list(done)


def _circle(path: list[str]) -> Refused:
    round_ = path[path.index(path[-1]) :]
    return Refused("plan.cycle", f"these resources refer to each other in a circle: {' -> '.join(round_)}",
                   hint="remove one of the references", subject=round_[0])  # fmt: skip
