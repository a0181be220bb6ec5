"""One spelling for each text: trimmed, composed (NFC), without the marks that stand for "none" (C19, C23)."""

from __future__ import annotations

import unicodedata

_NONE_IN = frozenset({"tutor_group", "year_group", "staff_code", "subject"})
_NONE_WORDS = frozenset({"NoTutorGrp", "UNKNOWN", "DEFAULT"})  # Bromcom's words for an empty field
_BREAKS = str.maketrans(dict.fromkeys("\t\n\v\f\r\x85\u2028\u2029", " "))


class UnusableText(ValueError):
    """A text that no store can hold: a NUL, another control character or half a surrogate pair."""


def clean(text: str) -> str:
    """Trims padding, composes accents, turns line breaks into spaces. Raises UnusableText."""
    text = text.strip()
    if text.isascii() and text.isprintable():
        return text
    if not text.isprintable():
        text = text.translate(_BREAKS)
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
            raise UnusableText("holds a control character")
    return unicodedata.normalize("NFC", text)


def means_none(column: str, text: str) -> bool:
    """Whether a source writes this where it has nothing, in the columns where such words occur."""
    return not text or (column in _NONE_IN and text in _NONE_WORDS)
