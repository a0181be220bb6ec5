"""The saved plan: canonical JSON, signed with the store's key; every way of being stale has its own code.

The file narrows what apply finds anew, and never widens it: apply makes the plan again and obeys the file only where
both say the same.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from reconciler.errors import StalePlan
from reconciler.plan.json_view import from_json, to_json
from reconciler.plan.state import StoredState
from reconciler.plan.value import FORMAT_VERSION, Plan, names_plan
from reconciler.vocabulary.digests import canonical_json, digest

_ANEW = "make the plan again: reconcile plan --save PLANFILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan read back: proved to be as it was written, by this store. Its actions carry digests, not specs."""

    plan: Plan

    @property
    def targets(self) -> tuple[str, ...]:
        """With which the plan must be made again to be compared."""
        return self.plan.targets


def save_plan(plan: Plan, *, key: bytes) -> bytes:
    """The file's content. `key` is the store's plan key; nothing secret is in the content."""
    return _signed(to_json(plan, specs=False), key)


def read_plan(content: bytes, *, key: bytes, state: StoredState) -> SavedPlan:
    """Reads a saved plan and proves it whole. `key` is the store's plan key.

    Raises StalePlan: `plan.edited` when a byte differs from what was written, `plan.other_store`,
    `plan.other_version` when another release of the program wrote it.
    """
    body = _body(content)
    if body.get("lineage") != state.lineage:
        raise StalePlan("plan.other_store", "the plan was made for another store",
                        hint=f"name that store with --store, or {_ANEW}")  # fmt: skip
    if not hmac.compare_digest(content, _signed(body, key)):
        raise _edited()
    if body.get("format_version") != FORMAT_VERSION:
        raise _other_version(f"plan format {body.get('format_version')}, this program reads {FORMAT_VERSION}")
    try:
        plan = from_json(body)
    except (KeyError, TypeError, ValueError):
        raise _other_version("a form that this program does not read") from None
    if plan.digest != body.get("digest"):
        raise _other_version("another way of making digests")
    return SavedPlan(plan=plan)


def check_saved(saved: SavedPlan, fresh: Plan, *, now: datetime) -> None:
    """Refuses unless the plan made anew says the same as the saved one.

    Imports in between change neither. Raises StalePlan: `plan.other_version`, `plan.stale_state`,
    `plan.stale_estate`, `plan.expired`, `plan.stale_evidence`.
    """
    old = saved.plan
    if old.tool_version != fresh.tool_version:
        raise _other_version(f"version {old.tool_version}, this is {fresh.tool_version}")
    if old.serial != fresh.serial:
        by = f" by {fresh.last_version}" if fresh.last_version else ""
        raise StalePlan("plan.stale_state", f"the state moved from serial {old.serial} to {fresh.serial}{by}",
                        hint=f"look at what was applied with: reconcile state log; then {_ANEW}")  # fmt: skip
    if old.config_digest != fresh.config_digest:
        raise StalePlan("plan.stale_estate", "the files changed since the plan was made",
                        hint=f"check out the commit that was planned, or {_ANEW}")  # fmt: skip
    if now >= old.expires_at:
        raise StalePlan("plan.expired", f"the plan expired at {old.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
                        hint=_ANEW)  # fmt: skip
    _check_evidence(old, fresh)


def check_expected(expected: str, fresh: Plan) -> None:
    """For `--expect DIGEST`: refuses unless the plan made anew has that digest. Raises StalePlan."""
    if not names_plan(expected, fresh.digest):
        raise StalePlan("plan.other_digest", f"the plan is {fresh.short_digest} now, not {expected[:64]}",
                        hint="files, state or evidence changed since it was reviewed, or --target differs: "
                        "look at reconcile plan and review it again")  # fmt: skip


def _check_evidence(old: Plan, fresh: Plan) -> None:
    reread = [school for school, key in old.keys.items() if key and fresh.keys.get(school) not in ("", None, key)]
    before = {r.token: r.evidence_digest for r in old.risks}
    after = {r.token: r.evidence_digest for r in fresh.risks}
    moved = sorted(token for token in before.keys() | after.keys() if before.get(token) != after.get(token))
    if not reread and not moved and old.digest == fresh.digest:
        return
    what = [f"the key of partner.{school}" for school in reread] + moved
    named = ", ".join(what) or "the rows or keys of a partner"
    raise StalePlan("plan.stale_evidence", f"what the plan stood on changed since: {named}", hint=_ANEW)


def _body(content: bytes) -> dict[str, Any]:
    """The plan part of a file whose plain checksum is right, so that damage is told from another store's plan."""
    try:
        outer = orjson.loads(content)
        body: dict[str, Any] = outer["plan"]
        checksum = outer["checksum"]
        intact = isinstance(body, dict) and hmac.compare_digest(str(checksum).encode(), digest(body).encode())
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, KeyError, TypeError):
        raise _edited() from None
    if not intact:
        raise _edited()
    return body


def _signed(body: dict[str, Any], key: bytes) -> bytes:
    mac = hmac.new(key, b"reconcile/plan\0" + canonical_json(body), hashlib.sha256).hexdigest()
    return canonical_json({"checksum": digest(body), "mac": mac, "plan": body}) + b"\n"


def _edited() -> StalePlan:
    return StalePlan("plan.edited", "the saved plan is not as it was written", hint=_ANEW)


def _other_version(what: str) -> StalePlan:
    return StalePlan("plan.other_version", f"the plan was saved by another release of the program ({what})", hint=_ANEW)
