"""What an account is granted: a preset with what was left out or added for a reason, or a list (PP, rule 80)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.estate.catalogue import Catalogue


def granted(grants: Mapping[str, Any], known: Catalogue) -> tuple[str, ...]:
    """The granted entities by their catalogue names, sorted; unknown names and presets are for the rules to report."""
    preset = known.presets.get(grants.get("preset") or "")
    names = set(preset.entities if preset else ())
    for key in ("entities", "with"):
        names |= {known.canonical(name) or name for name in grants.get(key) or ()}
    names -= {known.canonical(name) or name for name in grants.get("without") or ()}
    return tuple(sorted(names))
