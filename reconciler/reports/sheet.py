"""A written guide as a value: sections of steps, each with sentences, facts to enter, a table or a letter; and how it
reads as text, Markdown, JSON and CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.reports.frame import clean, table

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~])")


@dataclass(frozen=True, slots=True)
class Fact:
    """What is entered where."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A small table; the first column names the row."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. `label` is its number, or the steps of somebody else's guide that it stands for."""

    label: str
    title: str
    text: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    grid: Grid | None = None
    letter: str = ""  # to be copied as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Steps in order under one heading; `key` is its place in the page."""

    key: str
    title: str
    intro: str
    steps: tuple[Step, ...]


def numbered(steps: Iterable[Step | None]) -> tuple[Step, ...]:
    """The steps that there are, numbered from 1."""
    found = [step for step in steps if step is not None]
    return tuple(
        Step(label=str(n), title=s.title, text=s.text, facts=s.facts, grid=s.grid, letter=s.letter)
        for n, s in enumerate(found, 1)
    )


def text_of(sections: Sequence[Section]) -> str:
    """For a terminal or a plain mail."""
    return "\n\n".join("\n\n".join(_text(section)) for section in sections)


def _text(section: Section) -> Iterator[str]:
    title = clean(section.title)
    yield f"{title}\n{'=' * len(title)}"
    if section.intro:
        yield clean(section.intro)
    for step in section.steps:
        lines = [f"{step.label}. {step.title}", *(f"   {sentence}" for sentence in step.text)]
        width = max((len(fact.label) for fact in step.facts), default=0)
        lines += [f"   {fact.label + ':':<{width + 1}} {fact.value}" for fact in step.facts]
        body = "\n".join(clean(line) for line in lines)
        if step.grid:
            body += "\n" + _indented(table(step.grid.header, step.grid.rows))
        if step.letter:
            body += "\n\n" + _indented("\n".join(clean(line) for line in step.letter.splitlines()), by="   | ")
        yield body


def _indented(block: str, *, by: str = "   ") -> str:
    return "\n".join((by + line).rstrip() for line in block.splitlines())


def markdown_of(sections: Sequence[Section]) -> str:
    """For a wiki or a ticket."""
    return "\n\n".join("\n\n".join(_markdown(section)) for section in sections)


def _markdown(section: Section) -> Iterator[str]:
    yield f"## {_escaped(section.title)}"
    if section.intro:
        yield _escaped(section.intro)
    for step in section.steps:
        yield f"### {_escaped(step.label)}. {_escaped(step.title)}"
        if step.text:
            yield "\n\n".join(_escaped(sentence) for sentence in step.text)
        if step.facts:
            yield "\n".join(f"- **{_escaped(fact.label)}:** {_escaped(fact.value)}" for fact in step.facts)
        if step.grid:
            rows = [step.grid.header, ("---",) * len(step.grid.header), *step.grid.rows]
            yield "\n".join(
                f"| {' | '.join(cell if n == 1 else _escaped(cell) for cell in row)} |" for n, row in enumerate(rows)
            )
        if step.letter:
            yield "\n".join("    " + clean(line) for line in step.letter.splitlines())


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", clean(text).replace("\n", " "))


def json_of(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Sections as JSON."""
    return [
        {
            "title": section.title,
            "intro": section.intro,
            "steps": [
                {
                    "label": step.label,
                    "title": step.title,
                    "text": list(step.text),
                    "facts": [{"label": fact.label, "value": fact.value} for fact in step.facts],
                    "table": _grid_json(step.grid),
                    "letter": step.letter or None,
                }
                for step in section.steps
            ],
        }
        for section in sections
    ]


def _grid_json(grid: Grid | None) -> dict[str, Any] | None:
    return None if grid is None else {"header": list(grid.header), "rows": [list(row) for row in grid.rows]}


def rows_of(sections: Sequence[Section]) -> Iterator[tuple[str, str, str, str, str]]:
    """Section, step, its title, what to enter and the value: one row a sentence, fact, table row or letter."""
    for section in sections:
        for step in section.steps:
            at = (section.title, step.label, step.title)
            yield from ((*at, "", sentence) for sentence in step.text)
            yield from ((*at, fact.label, fact.value) for fact in step.facts)
            if step.grid:
                yield from ((*at, row[0], ", ".join(row[1:])) for row in step.grid.rows)
            if step.letter:
                yield (*at, "letter", step.letter)
