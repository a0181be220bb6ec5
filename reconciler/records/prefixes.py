"""The school's short code in front of admission numbers, tutor groups and staff codes, and off again (VS, 13 to 15)."""

from __future__ import annotations


def prefixed(value: str, *, short_code: str, separator: str) -> str:
    """`004512` of AVN becomes `AVN004512`; leading zeros stay."""
    return f"{short_code}{separator}{value}"


def stripped(hub_value: str, *, short_code: str, separator: str) -> str:
    """The school's own value, as an export needs it. Raises ValueError when it belongs to another school."""
    head = f"{short_code}{separator}"
    if not hub_value.startswith(head):
        raise ValueError(f"{hub_value!r} does not begin with {head!r}")
    return hub_value[len(head) :]
