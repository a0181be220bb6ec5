"""A secret in the files is not shown, however it is laid out."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reconciler.diagnostics import render_text
from reconciler.documents.document import Document
from tests.documents.conftest import only

PLANTED = "planted-4711"


@pytest.mark.requirement(21, 75)
@pytest.mark.parametrize("literal", [f"\n        {PLANTED}", f"[\n        {PLANTED}]", f'"\n        {PLANTED}"'])
def test_a_literal_below_its_key_is_not_shown_either(example: Callable[[str, str], Document], literal: str) -> None:
    """Neither the line of the key nor the line of the value is printed."""
    old = "  password: {env: SMTP_PASSWORD}"
    document = example(old, f"  password: {literal}")
    assert only(document).code == "secret.inline"
    assert PLANTED not in render_text(document.findings) + json.dumps(document.findings.to_json())
