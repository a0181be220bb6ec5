"""What an account is granted: a preset without what was left out for a reason, plus what is listed (PP, rule 80)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.estate.catalogue import Catalogue


def granted(grants: Mapping[str, Any], known: Catalogue) -> tuple[str, ...]:
    """The granted entities by their catalogue names, sorted; unknown names and presets are for the rules to report."""
    preset = known.presets.get(grants.get("preset") or "")
    names = set(preset.entities if preset else ())
    names |= {known.canonical(name) or name for name in grants.get("entities") or ()}
    names -= {known.canonical(name) or name for name in grants.get("without") or ()}
    return tuple(sorted(names))
