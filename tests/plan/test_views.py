"""The views of a plan: text, Markdown and JSON say the same and never say a secret."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from reconciler.estate.model import Removed
from reconciler.plan.json_view import to_json
from reconciler.plan.markdown import MOST_CHARACTERS, render_markdown
from reconciler.plan.saved import save_plan
from reconciler.plan.text import render_text
from reconciler.resources.resource import make
from reconciler.shipped import shipped
from tests.plan.estates import (
    KEY_A,
    KEY_B,
    at,
    attached,
    basis,
    fact,
    grant,
    hub,
    partner,
    period_map,
    planned,
    school,
    stored,
    third_party,
)

GOLDEN = Path(__file__).parent / "golden"


def busy():
    """One of everything: new, changed, re-attached, forgotten, held."""
    state = stored(
        hub(), school("AVN"), school("KTL"), school("OLD"), partner("AVN"), period_map("AVN"), partner("OLD"),
        period_map("OLD"), basis(), third_party(),
        attachments=(attached("AVN", students=64, staff=9), attached("KTL", KEY_B, "retained", students=38, classes=4),
                     attached("OLD", "d" * 64, students=12)),
    )  # fmt: skip
    files = [
        hub(admission_numbers_unique=True), school("AVN"), school("KTL"), school("OLD"),
        partner("AVN", colour="#000000"), period_map("AVN", **{"W1Mon.P6": "W1Mon.P6"}),
        partner("KTL"), period_map("KTL", attachment=2), basis(), third_party(), grant("Staff"),
    ]  # fmt: skip
    removed = [Removed(address="partner.OLD", reason="left the consortium", position=at(99))]
    return planned(files, state, removed=removed, keys={"AVN": fact(KEY_A), "KTL": fact(KEY_B)})


def blocked():
    """A map for the wrong attachment, a resource gone without a word, a key unknown here."""
    state = stored(hub(), school("AVN"), school("KTL"), partner("AVN"), period_map("AVN"), basis("old"),
                   attachments=(attached("AVN"), attached("KTL", KEY_B, "retained", students=38)))  # fmt: skip
    files = [hub(), school("AVN"), school("KTL"), partner("AVN"), period_map("AVN"), partner("KTL"), period_map("KTL"),
             basis("new")]  # fmt: skip
    return planned(files, state, keys={"KTL": fact(KEY_B)}, targets=["period_map.*", "lawful_basis.*"])


def first():
    return planned([hub(), school(), partner(), period_map()], stored(serial=0))


def empty():
    return planned([hub()], stored(hub()))


PLANS = {"busy": busy, "blocked": blocked, "first": first, "empty": empty}


@pytest.mark.parametrize("name", PLANS)
def test_text(name, golden):
    """What a person reads in the terminal, to the letter."""
    golden(GOLDEN / f"{name}.txt", render_text(PLANS[name]()))


def test_full_text(golden):
    """`--full` spells out every field of what is new."""
    golden(GOLDEN / "first.full.txt", render_text(first(), full=True))


@pytest.mark.parametrize("name", PLANS)
def test_markdown(name, golden):
    """What a reviewer reads in the merge request, to the letter."""
    golden(GOLDEN / f"{name}.md", render_markdown(PLANS[name]()))


@pytest.mark.parametrize("name", PLANS)
def test_json(name, golden):
    """What a program reads, to the letter; it validates against the published schema."""
    value = to_json(PLANS[name]())
    golden(GOLDEN / f"{name}.json", json.dumps(value, indent=1, ensure_ascii=False) + "\n")
    schema = json.loads((shipped("schemas") / "plan.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)


def test_the_schema_describes_every_key():
    """Every property has a title and a description, and no other key is allowed."""
    schema = json.loads((shipped("schemas") / "plan.schema.json").read_text("utf-8"))

    def walk(node, path):
        if isinstance(node, dict):
            for name, value in node.get("properties", {}).items():
                assert {"title", "description"} <= value.keys(), f"{path}.{name}"
            if "properties" in node:
                assert node["additionalProperties"] is False, path
            for key, value in node.items():
                walk(value, f"{path}.{key}")
        elif isinstance(node, list):
            for value in node:
                walk(value, path)

    walk(schema, "plan")


@pytest.mark.parametrize("name", PLANS)
def test_the_last_line_is_the_next_command(name):
    """A reader can paste the last line; it names the digest that was shown."""
    plan = PLANS[name]()
    last = render_text(plan).splitlines()[-1]
    assert (
        last
        == {
            "busy": f"Next: reconcile apply --expect {plan.short_digest} --allow rekey:virtual_school "
            "--allow wider_sharing:entity_grant.elm-parentpay.Staff",
            "blocked": "Next: reconcile plan --target 'period_map.*' --target 'lawful_basis.*'",
            "first": f"Next: reconcile apply --expect {plan.short_digest}",
            "empty": "The store is as the files say.",
        }[name]
    )


def test_removals_come_before_everything_else_that_is_done():
    """Deletions are what a reader must not overlook."""
    text, markdown = render_text(busy()), render_markdown(busy())
    assert text.index("- forget partner.OLD") < text.index("+ create")
    assert markdown.index("- forget `partner.OLD`") < markdown.index("`+` create")


def test_ascii_only_when_asked():
    """Names with accents are escaped for a terminal that cannot show them."""
    plan = planned([make("thing", "Łukasz", {"name": "Zoë"})], stored(make("thing", "Łukasz", {"name": "Siân"})))
    assert render_text(plan, ascii=True).isascii()
    assert "Zoë" in render_text(plan)


def test_text_cannot_steer_the_terminal():
    """Escape codes and marks that turn the direction of writing come out as text."""
    plan = planned(
        [make("thing", "x", {"name": "a\x1b[2J\u202eb\nNext: rm"})], stored(make("thing", "x", {"name": ""}))
    )
    for text in (render_text(plan), render_markdown(plan)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\nNext: rm" not in text


def test_markdown_cannot_be_broken_out_of():
    """Backticks, tags and mentions in a value stay inside their code span."""
    plan = planned([make("thing", "x", {"n": "``` <script> @all | x"})], stored(make("thing", "x", {"n": "a"})))
    line = next(line for line in render_markdown(plan).splitlines() if "script" in line)
    assert '```` "a" -> "``` <script> @all | x" ````' in line


def test_long_lists_are_folded_and_counted():
    """Forty new resources are ten lines and a number, and all of them with `--full`."""
    plan = planned([make("thing", f"n{i:02}", {}) for i in range(40)], stored())
    assert "... and 30 more to create (--full shows them)" in render_text(plan)
    assert render_text(plan, full=True).count("+ create thing.") == 40


@pytest.mark.parametrize("resources", [[make("thing", f"n{i}", {"v": "x" * 100}) for i in range(3000)],
                                       [make("thing", f"n{'y' * 200}{i}", {}) for i in range(900)]])  # fmt: skip
@pytest.mark.parametrize("gone", [False, True])
def test_markdown_keeps_within_its_length_and_says_what_it_left_out(resources, gone):
    """60,000 characters at most; whole resources are left out and counted, the counts stay."""
    plan = planned([], stored(*resources)) if gone else planned(resources, stored())
    text = render_markdown(plan)
    assert len(text) <= MOST_CHARACTERS
    assert "left out" in text
    assert f"{len(resources)} to {'delete' if gone else 'create'}" in text
    assert plan.digest in text


def test_no_view_shows_a_secret():
    """A value where a reference belongs is in no view and in no saved file."""
    leaked = third_party(credentials={"username": "u", "password": "CANARY-SECRET"})
    for state in (stored(), stored(third_party()), stored(leaked)):
        for files in ([leaked], [third_party()]):
            plan = planned(files, state)
            for text in (render_text(plan, full=True), render_markdown(plan), json.dumps(to_json(plan)),
                         save_plan(plan, key=b"k").decode(), repr(plan.risks)):  # fmt: skip
                assert "CANARY-SECRET" not in text
