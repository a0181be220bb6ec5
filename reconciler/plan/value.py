"""The plan as a value: ordered actions, risks with evidence, what blocks it, and one digest over what counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from reconciler.diagnostics import Position
from reconciler.vocabulary.digests import digest

FORMAT_VERSION = 1
SHORT_DIGEST = 16  # characters of a digest that are shown
LEAST_DIGEST = 12  # that name a plan: fewer could be met on purpose by crafted files


class ActionKind(StrEnum):
    """What an apply does to one resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"  # a partner that comes back under another key: a new school (VS, rule 28)
    REKEY = "rekey"
    FORGET = "forget"  # a removed partner: its rows are retained (VS, rule 26)
    DELETE = "delete"
    MOVE = "move"
    ADOPT = "adopt"  # exists in its system already; only the state learns of it


REMOVING = frozenset({ActionKind.FORGET, ActionKind.DELETE})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field that differs. `path` are keys and list positions; a side that lacks the field is absent."""

    path: tuple[str | int, ...]
    before: Any = None
    after: Any = None
    had: bool = True
    has: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step. `notes` say what follows from it ("42 rows kept"); they and `position` are not part of the digest.

    `before` and `after` are whole specs, None on a plan read back from a file, which holds digests only.
    """

    address: str
    kind: str
    action: ActionKind
    before_digest: str = ""
    after_digest: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    depends_on: tuple[str, ...] = ()
    moved_from: str = ""
    changes: tuple[FieldChange, ...] = ()
    notes: tuple[str, ...] = ()
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a risky step stands on, gathered by the caller from the store.

    `facts` enter the digest, so that a change of them makes a plan stale; `figures` (row counts) only inform.
    `clashes` name what makes the step impossible, by record id, never by a person's name.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, int] = field(default_factory=dict)
    clashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """A risky step. It is held until it is allowed (`--allow NAME:ADDRESS`), approved or already `confirmed`.

    `confirmed` says by what (a `removed:` entry in the files); `allowable` is False where only an approval or a
    change of the files will do.
    """

    name: str  # rekey, wider_sharing, changed_basis, removal, orphan
    address: str
    message: str
    hint: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, int] = field(default_factory=dict)
    confirmed: str = ""
    allowable: bool = True
    position: Position | None = None

    @property
    def token(self) -> str:
        """What `--allow` takes: `rekey:virtual_school`."""
        return f"{self.name}:{self.address}"

    @property
    def code(self) -> str:
        return f"risk.{self.name}"

    @property
    def evidence_digest(self) -> str:
        return digest({"risk": self.token, "facts": self.facts})


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Something that no allowance and no approval lifts: the files or the data must be mended first."""

    code: str
    address: str
    message: str
    hint: str
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentEffect:
    """What becomes of a school's rows: `attach`, `reattach`, `retain`, `orphan`, `rekey`, or `unknown` where earlier
    rows exist and the key cannot be read here. `fingerprint` is empty where it is unknown; `rows` only inform."""

    op: str
    school: str
    fingerprint: str = ""
    old_fingerprint: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def digested(self) -> tuple[str, ...]:
        # A first attach means the same whether or not the key can be read here; apply resolves it in any case.
        if self.op in ("attach", "unknown"):
            return (self.op, self.school)
        return (self.op, self.school, self.fingerprint, self.old_fingerprint)


class LiveLevel(StrEnum):
    """What a live note means for whoever reviews the plan."""

    DIFFERS = "differs"  # the school's system differs from what the plan would make so
    EXPECTED = "expected"  # it does, and somebody answers for it until a day
    UNKNOWN = "unknown"  # the school could not be asked
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNote:
    """What a school's own system says. It informs; it is no part of the digest and holds nothing (ADR 17).

    `code` is that of what went wrong where the school could not be asked.
    """

    level: LiveLevel
    school: str
    message: str
    address: str = ""
    field: str = ""
    next_step: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an apply would do, and from what it was made.

    `digest` covers lineage, serial, config digest, actions with their digests, attachments, risks with their
    evidence, and blocks. It does not cover times, row counts, or whether a key that stays the same could be read, nor
    `live`, which is None where no school was asked.
    """

    estate_id: str
    lineage: str
    serial: int
    rehearsal: bool
    config_digest: str
    tool_version: str
    created_at: datetime
    expires_at: datetime
    actions: tuple[Action, ...] = ()
    risks: tuple[Risk, ...] = ()
    blocks: tuple[Block, ...] = ()
    attachments: tuple[AttachmentEffect, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)  # school -> fingerprint, empty where unknown here
    notes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    added: tuple[str, ...] = ()  # drawn into a targeted plan by a dependency
    unchanged: int = 0
    last_version: str = ""
    live: tuple[LiveNote, ...] | None = None
    digest: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest(self._digested()))

    def _digested(self) -> dict[str, Any]:
        return {
            "format": FORMAT_VERSION,
            "lineage": self.lineage,
            "serial": self.serial,
            "config": self.config_digest,
            "actions": [(a.address, a.action.value, a.before_digest, a.after_digest, a.moved_from)
                        for a in self.actions],
            "attachments": [e.digested for e in self.attachments],
            "risks": [(r.token, r.evidence_digest, bool(r.confirmed)) for r in self.risks],
            "blocks": [(b.code, b.address) for b in self.blocks],
        }  # fmt: skip

    @property
    def short_digest(self) -> str:
        return self.digest[:SHORT_DIGEST]

    @property
    def empty(self) -> bool:
        """Nothing to do and nothing held."""
        return not (self.actions or self.blocks)

    @property
    def held(self) -> tuple[Risk, ...]:
        """Risks that a person must still allow or approve."""
        return tuple(r for r in self.risks if not r.confirmed)

    @property
    def waiting(self) -> tuple[Risk | Block, ...]:
        """All that keeps the plan from being applied as it is: blocks first."""
        return (*self.blocks, *self.held)

    @property
    def counts(self) -> dict[str, int]:
        """Actions by kind, only those that occur, in the order of ActionKind."""
        found = [a.action for a in self.actions]
        return {kind.value: n for kind in ActionKind if (n := found.count(kind))}


def names_plan(text: str, plan_digest: str) -> bool:
    """Whether `text` is the digest or at least its first 12 characters."""
    return len(text) >= LEAST_DIGEST and plan_digest.startswith(text.lower())
