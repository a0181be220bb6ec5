"""Turns the errors of a schema into findings: one for each mistake, none that shows a secret."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from reconciler.documents import wording
from reconciler.documents.findings import Findings
from reconciler.documents.mistakes import Mistake, Mistakes
from reconciler.documents.narrow import narrow
from reconciler.documents.places import MapPlaces, follow
from reconciler.documents.schemas import Schema
from reconciler.vocabulary.suggestions import nearest

# Of several mistakes in one value, the first of these is told.
_RANK = ("secret.inline", "secret.reference", "schema.wrong_type", "schema.not_allowed_value", "schema.alternatives",
         "schema.pattern")  # fmt: skip
# A file with more is broken as a whole; what comes after would not be read by anyone.
_MOST_ERRORS = 10_000
_IN_KEYS = ("schema.unknown_key", "schema.missing_key")
_KIND = ("kind",)  # which document this is: of another one every further word would mislead (VS, rule 5)


def explain(schema: Schema, value: dict[str, Any], places: MapPlaces, findings: Findings, secrets: set[int]) -> None:
    """Adds what the schema finds wrong with a document that is not valid; `secrets` are places of secrets."""
    words = Mistakes(schema.shape, value)
    guard = _Guard(words, value, places, secrets, findings)
    found = [
        guard.reworded(mistake)
        for error in islice(schema.errors(value), _MOST_ERRORS)
        for telling in narrow(error, words.key_of)
        for mistake in words.of(telling)
    ]
    told: set[tuple[str, int, str]] = set()
    for mistake in [m for m in found if m.path == _KIND][:1] or _told_once(found):
        place = follow(places, mistake.path, key=mistake.key)
        identity = (mistake.code, place, mistake.name)
        if identity not in told and not findings.excused & {place, follow(places, mistake.path)}:
            told.add(identity)
            findings.error(mistake.code, mistake.message, place, hint=mistake.hint)
    if not found:
        findings.error("schema.invalid", "the estate does not fit its schema", places.place)


def _told_once(found: list[Mistake]) -> Iterator[Mistake]:
    """One mistake of each value; a key that is misspelt is not also missing; defaults before what they reach."""
    best: dict[tuple[object, ...], Mistake] = {}
    for mistake in sorted(found, key=_order):
        identity: tuple[object, ...] = (mistake.path,)
        if mistake.code in _IN_KEYS:
            identity = (mistake.path, mistake.code, mistake.name)
        best.setdefault(identity, mistake)
    missing: dict[tuple[str | int, ...], list[str]] = defaultdict(list)
    for mistake in best.values():
        if mistake.code == "schema.missing_key":
            missing[mistake.inside].append(mistake.name)
    misspelt = {(m.path[:-1], name) for m in best.values() if m.code == "schema.unknown_key"
                for name in nearest(m.name, missing[m.path[:-1]], most=1)}  # fmt: skip
    for mistake in best.values():
        if mistake.code != "schema.missing_key" or (mistake.inside, mistake.name) not in misspelt:
            yield mistake


def _order(mistake: Mistake) -> tuple[bool, int]:
    rank = _RANK.index(mistake.code) if mistake.code in _RANK else len(_RANK)
    return (mistake.path[:1] != ("defaults",), rank)


@dataclass(frozen=True, slots=True)
class _Guard:
    """Keeps secrets out of messages and out of the source lines beside them."""

    words: Mistakes
    value: Any
    places: MapPlaces
    secrets: set[int]
    findings: Findings

    def reworded(self, mistake: Mistake) -> Mistake:
        """The mistake, told without the value where it is about a secret."""
        for end in range(1, len(mistake.path) + 1):
            path = mistake.path[:end]
            if follow(self.places, path) in self.secrets:
                self._hide(mistake, path)
                return self._about_secret(mistake, path)
        if mistake.code == "schema.unknown_key" and self._may_be_secret(mistake):
            self._hide(mistake, mistake.path)
        return mistake

    def _hide(self, mistake: Mistake, path: tuple[str | int, ...]) -> None:
        for place in (follow(self.places, path), follow(self.places, mistake.path)):
            self.findings.hide(place)
        self.findings.hide(follow(self.places, mistake.path, key=True))

    def _about_secret(self, mistake: Mistake, path: tuple[str | int, ...]) -> Mistake:
        value = self.value
        for part in path:
            value = value[part]
        hint = self.words.shapes(path)[0].hint or "write {env: NAME_OF_A_VARIABLE}; change a value that was committed"
        if not isinstance(value, dict):
            message = f"{wording.name_of(path)}: a secret is never written into these files"
            return Mistake(code="secret.inline", message=message, path=path, hint=hint)
        message = f"{wording.name_of(path)} is no reference to a secret"
        return Mistake(code="secret.reference", message=message, path=path, hint=hint)

    def _may_be_secret(self, mistake: Mistake) -> bool:
        """Whether an unknown key looks like a misspelt name of a secret."""
        shapes = self.words.shapes(mistake.path[:-1])
        known = {key for shape in shapes for key, inner in shape.properties.items() if inner.secret}
        return bool(nearest(mistake.name, known, most=1))
