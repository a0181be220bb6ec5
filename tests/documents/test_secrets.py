"""A secret in the files is an error that never shows it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reconciler.diagnostics import render_text
from reconciler.documents.document import Document
from tests.documents.conftest import Read, codes, only

PLANTED = "planted-4711"
Example = Callable[[str, str], Document]


def printed(document: Document) -> str:
    """Everything that a command could print of the findings."""
    return render_text(document.findings) + json.dumps(document.findings.to_json()) + repr(list(document.findings))


@pytest.mark.requirement(21, 75)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("data_exchange_key: {env: REC_KEY_AVN}", f"data_exchange_key: {PLANTED}"),
        ("password: {env: AVN_MIS_PASSWORD}", f"password: {PLANTED}"),
        ("password: {env: SMTP_PASSWORD}", f'password: "{PLANTED}"'),
        ("password: {env: ELM_PP_PASSWORD}", f"password: [{PLANTED}]"),
        ("password: {env: AVN_MIS_PASSWORD}", f"password: env:{PLANTED}"),
    ],
)
def test_a_literal_where_a_reference_is_wanted_is_never_shown(example: Example, old: str, new: str) -> None:
    """The place is told, neither the value nor its line."""
    document = example(old, new)
    finding = only(document)
    assert (finding.code, finding.source_line) == ("secret.inline", "")
    assert finding.position is not None
    assert "{env:" in finding.hint
    assert PLANTED not in printed(document)


def test_a_number_as_a_secret_is_a_literal_too(example: Example) -> None:
    """4711 is no reference."""
    document = example("password: {env: AVN_MIS_PASSWORD}", "password: 4711")
    assert codes(document) == ["secret.inline"]
    assert "4711" not in printed(document)


@pytest.mark.parametrize(
    "reference",
    [
        f'{{env: "{PLANTED} "}}',
        f"{{password: {PLANTED}}}",
        f"{{env: A, file: {PLANTED}}}",
        f"{{exec: {PLANTED}}}",
        "{}",
    ],
)
def test_a_reference_that_is_none_shows_nothing_of_itself(example: Example, reference: str) -> None:
    """A value in the wrong field of a reference is still a value."""
    document = example("password: {env: AVN_MIS_PASSWORD}", f"password: {reference}")
    assert set(codes(document)) == {"secret.reference"}
    assert PLANTED not in printed(document)


def test_a_misspelt_key_of_a_secret_does_not_show_its_line(example: Example) -> None:
    """`pasword` is not known, so nobody knows that its value is a secret; but it looks like one."""
    document = example("password: {env: AVN_MIS_PASSWORD}", f"pasword: {PLANTED}")
    assert codes(document) == ["schema.unknown_key"]
    assert "did you mean 'password'?" in printed(document)
    assert PLANTED not in printed(document)


def test_an_error_on_the_line_of_a_secret_does_not_show_the_line(example: Example) -> None:
    """Also where the error has nothing to do with the secret, and where the account's kind is not known."""
    for old, new in (
        ("username: parentpay, password: {env: ELM_PP_PASSWORD}", f"usrname: parentpay, password: {PLANTED}"),
        ("    kind: parentpay", f"    kind: parentpai\n    password: {PLANTED}\n    x: 1"),
    ):
        document = example(old, new)
        assert document.findings.has_errors
        assert PLANTED not in printed(document)


@pytest.mark.parametrize(
    "text",
    [
        f'password: "{PLANTED}\n',
        f"mis: {{user: x, password: {PLANTED} url: y}}\n",
        f"mis: {{user: x, password:{PLANTED}}}\n",
        f"password: {PLANTED}\npassword: {PLANTED}\n",
        f"password: !secret {PLANTED}\n",
        f"a: {{api_key: '{PLANTED}', b: c d: e}}\n",
        f"password: {PLANTED} #x\n",
        f"password:\n  {PLANTED}: 1: 2\n",
        f"password: one two, three\n  {PLANTED}: two: three\n",
        f"password: *{PLANTED}\n",
        f"password: #{PLANTED}\n",
        f"password: |{PLANTED}\n",
        f"password: @{PLANTED}\n",
        f"password: {PLANTED}\n---\nx: 1\n",
        f"data_exchange_key: &k {PLANTED}\nx: *nothing\n",
        f"url: https://x.example/?token={PLANTED} y: [\n",
    ],
)
def test_a_line_that_could_hold_a_secret_is_not_shown_beside_a_slip(read: Read, text: str) -> None:
    """Before any schema is known, the name of the key decides."""
    document = read(text)
    assert document.findings
    assert PLANTED not in printed(document)


def test_a_line_with_a_reference_is_shown(read: Read) -> None:
    """A reference is no secret, and the caret helps."""
    finding = only(read("x: {password: {env: NAME}, b: 1, b: 2}\n"))
    assert finding.source_line == "x: {password: {env: NAME}, b: 1, b: 2}"


def test_references_by_every_way_are_accepted(example: Example) -> None:
    """A path, a SOPS key, a keyring entry, a command, and a variable."""
    ways = (
        "{file: /run/secrets/x}",
        '{sops: "s.yaml#x"}',
        "{keyring: reconcile/x}",
        "{exec: [pass, show, x]}",
        "{env: X}",
    )
    for way in ways:
        assert not example("password: {env: AVN_MIS_PASSWORD}", f"password: {way}").findings.has_errors, way
