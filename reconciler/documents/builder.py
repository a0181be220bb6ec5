"""Values and places from one stream of YAML events, in one pass.

The stream is flat, so nothing here recurses: 100,000 opening brackets end at the 51st. Aliases are counted as if they
were written out before anything is copied, so an alias bomb ends at the alias that goes too far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import yaml

from reconciler.documents.findings import Findings
from reconciler.documents.limits import MAX_LEVELS, MAX_NODES, Spent
from reconciler.documents.places import ListPlaces, MapPlaces, Places, Scalar, pack
from reconciler.documents.scalars import CORE_TAGS, Plain, resolve
from reconciler.documents.source import Source

_CORE_CONTAINERS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


_DROPPED = "(dropped)"  # the key of an entry that is read on but not kept; compared by identity


class StopReading(Exception):
    """The rest of the file is not worth reading; the finding is already made."""


class _Frame:
    """A map or list that is still open."""

    __slots__ = ("anchor", "height", "items", "key", "key_place", "mapping", "nodes_before", "places", "values")

    def __init__(self, place: int, *, is_map: bool, anchor: str | None, nodes_before: int) -> None:
        self.mapping: MapPlaces | None = MapPlaces(place) if is_map else None
        self.places: Any = self.mapping if is_map else ListPlaces(place)
        self.values: dict[str, Any] = {}
        self.items: list[Any] = []
        self.key: str | None = None
        self.key_place = 0
        self.anchor = anchor
        self.nodes_before = nodes_before
        self.height = 1


class _Anchored:
    """What an alias repeats, with its size and height when written out."""

    __slots__ = ("height", "nodes", "places", "value")

    def __init__(self, value: Any, places: Places, nodes: int, height: int) -> None:
        self.value = value
        self.places = places
        self.nodes = nodes
        self.height = height


class Builder:
    """Takes the events of one file; afterwards `value` and `places` hold the document, or None for an empty file."""

    def __init__(self, source: Source, file: int, findings: Findings, spent: Spent) -> None:
        self.value: Any = None
        self.places: Places | None = None
        self.has_aliases = False
        self._source = source
        self._findings = findings
        self._spent = spent
        self._base = pack(file, 0, 0)
        self._line = pack(0, 1, 0)
        self._hashes = source.glued_hashes
        self._frames: list[_Frame] = []
        self._frame: _Frame | None = None
        self._documents = 0
        self._anchors: dict[str, _Anchored | None] = {}
        self.handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    def _place(self, mark: Any) -> int:
        return int(self._base + mark.line * self._line + mark.column)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop(
                "yaml.many_documents",
                "a second document starts here; a file of the estate holds one",
                self._place(event.start_mark),
                hint="remove the line `---`, or put the rest into a file of its own",
            )

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        place = self._base + mark.line * self._line + mark.column
        text = event.value
        self._count(1, place)
        plain = event.implicit[0]
        value: Plain = resolve(text) if plain else text
        if event.tag is not None:
            value = self._tagged(event, text, place)
        frame = self._frame
        if frame is not None and frame.mapping is not None and frame.key is None:
            self._key(frame, event, value, place)
            return
        if plain and (value is None or mark.line in self._hashes):
            self._check_slip(event, value)
        places = place if type(value) is str else Scalar(place, text)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, places, 1, 0)
        self._add(value, places)

    def _count(self, nodes: int, place: int) -> None:
        self._spent.nodes += nodes
        if self._spent.nodes > MAX_NODES:
            self._stop(
                "yaml.too_many_nodes",
                f"with aliases followed the estate has more than {MAX_NODES:,} keys and values",
                place,
                hint="write shared values once under `defaults:` instead of repeating them through aliases",
            )

    def _tagged(self, event: Any, text: str, place: int) -> Plain:
        """A tag of YAML itself may stand where it says what the value is; `!!str 9.10` is text."""
        if event.tag in ("tag:yaml.org,2002:str", "!"):
            return text
        value = resolve(text)
        if not isinstance(value, CORE_TAGS.get(event.tag, ())) or (isinstance(value, bool) and "bool" not in event.tag):
            self._refuse_tag(place)
        return value

    def _refuse_tag(self, place: int) -> None:
        self._findings.error(
            "yaml.tag",
            "tags such as `!name` are not allowed here",
            place,
            hint='remove the tag; to make a value text, quote it: "..."',
        )

    def _key(self, frame: _Frame, event: Any, key: Plain, place: int) -> None:
        frame.key_place = place
        if event.implicit[0] and event.value == "<<":
            self._findings.error(
                "yaml.merge_key",
                "merge keys (`<<`) are not allowed: YAML tools do not agree on what they do",
                place,
                hint="write what the entries share once, under `defaults:` with the name of their section",
            )
            self._findings.excused.add(frame.places.place)
            frame.key = _DROPPED
        elif not isinstance(key, str):
            shown = f"`{event.value}`" if event.value else "an empty key"
            self._findings.error(
                "yaml.key_not_text",
                f"a key must be text, and {shown} is not",
                place,
                hint=f'quote it: "{event.value}"' if event.value else "write a name before the colon",
            )
            self._findings.excused.add(place)
            frame.key = event.value
        else:
            frame.key = key
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchored(key, place, 1, 0)

    def _add(self, value: Any, places: Places) -> None:
        """Puts a finished value into the map or list that is open, or makes it the document."""
        frame = self._frame
        if frame is None:
            self.value, self.places = value, places
        elif frame.mapping is None:
            frame.items.append(value)
            frame.places.items.append(places)
        else:
            key = frame.key
            frame.key = None
            assert key is not None  # noqa: S101 (events alternate between keys and values)
            if key in frame.values:
                self._duplicate(frame, frame.mapping, key)
            elif key is not _DROPPED:
                frame.values[key] = value
                frame.mapping.keys[key] = frame.key_place
                frame.mapping.values[key] = places

    def _duplicate(self, frame: _Frame, mapping: MapPlaces, key: str) -> None:
        self._findings.error(
            "yaml.duplicate_key",
            f"the key `{key}` stands twice in the same map; which of the two is meant?",
            frame.key_place,
            hint="remove one of them",
            related=(("first here", mapping.keys[key]),),
        )

    def _open(self, event: Any) -> None:
        mark = event.start_mark
        place = self._base + mark.line * self._line + mark.column
        is_map = type(event) is yaml.MappingStartEvent
        self._check_levels(len(self._frames) + 1, place)
        frame = self._frame
        if frame is not None and frame.mapping is not None and frame.key is None:
            self._stop("yaml.key_not_text", "a map or list cannot be a key", place, hint="a key is a short name")
        if event.tag is not None and event.tag not in _CORE_CONTAINERS:
            self._refuse_tag(place)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        opened = _Frame(place, is_map=is_map, anchor=event.anchor, nodes_before=self._spent.nodes)
        self._count(1, place)
        self._frames.append(opened)
        self._frame = opened

    def _close(self, _event: Any) -> None:
        done = self._frames.pop()
        self._frame = parent = self._frames[-1] if self._frames else None
        value: Any = done.items if done.mapping is None else done.values
        if parent is not None and done.height >= parent.height:
            parent.height = done.height + 1
        if done.anchor is not None:
            nodes = self._spent.nodes - done.nodes_before
            self._anchors[done.anchor] = _Anchored(value, done.places, nodes, done.height)
        self._add(value, done.places)

    def _check_levels(self, levels: int, place: int) -> None:
        if levels > MAX_LEVELS:
            self._stop(
                "yaml.too_deep",
                f"maps and lists stand more than {MAX_LEVELS} levels deep inside each other",
                place,
                hint="check for brackets that are opened and never closed",
            )

    def _alias(self, event: Any) -> None:
        place = self._place(event.start_mark)
        if event.anchor not in self._anchors:
            self._stop(
                "yaml.unknown_alias",
                "an unquoted `*` repeats a value marked above with `&`, but nothing there has this name",
                place,
                hint="quote the value if it is meant to start with `*`",
            )
        anchored = self._anchors[event.anchor]
        if anchored is None:
            self._stop("yaml.alias_cycle", f"`*{event.anchor}` stands inside what it repeats", place)
        self._check_levels(len(self._frames) + anchored.height, place)
        self._count(anchored.nodes, place)
        self.has_aliases = True
        frame = self._frame
        if frame is not None and frame.mapping is not None and frame.key is None:
            if not isinstance(anchored.value, str):
                self._stop("yaml.key_not_text", "a key must be text", place, hint="write the key out")
            frame.key, frame.key_place = anchored.value, place
            return
        if frame is not None and anchored.height >= frame.height:
            frame.height = anchored.height + 1
        self._add(anchored.value, anchored.places)

    def _check_slip(self, event: Any, value: Plain) -> None:
        """An unquoted `#`, and a name in braces without its colon, leave a value other than what was meant."""
        end = event.end_mark
        line = self._source.line(end.line)
        rest = line[end.column :]
        glued = rest.lstrip(" \t")
        place = self._place(end) + (len(rest) - len(glued))
        if glued.startswith("#") and glued[1:2].strip(" \t!#"):
            if value is None:
                self._findings.excused.add(self._place(event.start_mark))
            self._hash_slip(place, empty=value is None)
        elif value is None and event.value == "" and self._without_colon(event):
            self._findings.excused.add(self._place(event.start_mark))
            self._findings.error(
                "yaml.flow_entry",
                "this entry in braces has no value",
                self._frame.key_place if self._frame else place,
                hint="write `key: value`, with a space after the colon and a comma between entries",
            )

    def _hash_slip(self, place: int, *, empty: bool) -> None:
        hint = 'quote a value that holds `#`, like "#1f6feb"; put a space after `#` where a comment is meant'
        if empty:
            self._findings.error(
                "yaml.unquoted_hash", "unquoted `#` starts a comment, so this value is empty", place, hint=hint
            )
        else:
            self._findings.warning(
                "yaml.unquoted_hash", "unquoted `#` starts a comment, so the value ends before it", place, hint=hint
            )

    def _without_colon(self, event: Any) -> bool:
        """Whether the empty value belongs to a key in braces that no colon follows (`{a: 1, b}`, `{a:1}`)."""
        mark = event.start_mark
        before = self._source.line(mark.line)[: mark.column].rstrip(" \t")
        return bool(self._frame and self._frame.mapping) and bool(before) and not before.endswith((":", "?"))

    def _stop(self, code: str, message: str, place: int, *, hint: str = "") -> NoReturn:
        self._findings.error(code, message, place, hint=hint)
        raise StopReading
