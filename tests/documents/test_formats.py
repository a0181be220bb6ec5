"""What counts as a date and as a mailbox, for both validators."""

from __future__ import annotations

import pytest

from reconciler.documents.formats import is_date, is_email


@pytest.mark.parametrize("text", ["2026-09-01", "2028-02-29"])
def test_a_day_of_the_calendar_is_a_date(text: str) -> None:
    """Written year-month-day."""
    assert is_date(text)


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-9-1", "20260901", "2026-09-01T00:00", "2026-W01-1", "２０２６-09-01", ""]
)
def test_anything_else_is_no_date(text: str) -> None:
    """Other spellings of ISO 8601 and digits of other scripts are not taken."""
    assert not is_date(text)


@pytest.mark.parametrize("text", ["office@avn.example", "a.b+c@x.y.example", "o'dea@school.example"])
def test_a_plain_mailbox_is_accepted(text: str) -> None:
    """With the signs that mail systems use."""
    assert is_email(text)


@pytest.mark.parametrize(
    "text",
    ["office", "office@avn", "a@b@c.example", ".a@b.example", "a..b@c.example", "a@-b.example", "a@b.example\n",
     "a b@c.example", "A <a@b.example>", "a@b.1", f"{'a' * 250}@b.example"],
)  # fmt: skip
def test_anything_else_is_no_mailbox(text: str) -> None:
    """No display names, no line ends that could start another header, no more than 254 characters."""
    assert not is_email(text)


def test_other_types_are_another_rules_business() -> None:
    """A format says nothing about numbers."""
    assert is_date(5)
    assert is_email(None)
