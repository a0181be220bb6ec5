"""The four ways by which a partner can misbehave, each over the real wire: what strikes, what runs, what must stay."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.app import academic, exports, flows
from reconciler.app.context import opened
from reconciler.app.outcomes import FlowOutcome
from reconciler.records.academic import AcademicEntity
from reconciler.records.entities import Entity
from reconciler.settings import Settings
from reconciler.simulator.practice import Practice
from reconciler.store.open import Store
from reconciler.syncs.ports import FeedScope
from reconciler.vocabulary.codes import AcademicYear


@dataclass(kw_only=True)
class Wire(ABC):
    """One way: `school` is struck while `other` is well."""

    made: Practice
    settings: Settings
    school: str
    other: str

    @abstractmethod
    def strike(self, fault: str) -> None:
        """Lets the school misbehave; `!` behind the name means that it does not pass."""

    @abstractmethod
    def heal(self) -> None:
        """Lets the school behave."""

    @abstractmethod
    def run(self, *schools: str) -> FlowOutcome[Any]:
        """The command for these schools."""

    def kept(self) -> object:
        """Everything that a fault must not change."""
        with opened(self.settings) as context:
            scope = FeedScope(school=self.school, attachment=context.store.feeds.attachment(self.school), feed="hub",
                              year=AcademicYear(2026))  # fmt: skip
            return self.rows(context.store, scope)

    @abstractmethod
    def rows(self, store: Store, scope: FeedScope) -> object:
        """What the hub holds that this way could change."""


def _strike(server: Any, school: str, fault: str) -> None:
    name, _, rest = fault.partition("@")
    options: dict[str, Any] = {"entity": rest} if rest else {}
    if name.endswith("!") or name == "slow":
        options["times"] = 0 if name.endswith("!") else 1
    server.fault(school, name.rstrip("!"), **options)


@dataclass(kw_only=True)
class SoapImport(Wire):
    """`sync import` from the read service."""

    def strike(self, fault: str) -> None:
        _strike(self.made.simulator.server, self.school, fault)

    def heal(self) -> None:
        self.made.simulator.server.heal(self.school)

    def run(self, *schools: str) -> FlowOutcome[Any]:
        return flows.run_imports(self.settings, schools=schools)

    def rows(self, store: Store, scope: FeedScope) -> object:
        return {entity: list(store.feeds.rows(scope, entity)) for entity in Entity}


@dataclass(kw_only=True)
class SoapAcademic(SoapImport):
    """`sync academic` from the read service."""

    def run(self, *schools: str) -> FlowOutcome[Any]:
        return academic.run_academic(self.settings, schools=schools, whole_year=True)

    def rows(self, store: Store, scope: FeedScope) -> object:
        return {entity: list(store.academic.rows(scope, entity)) for entity in AcademicEntity}


@dataclass(kw_only=True)
class Exchange(Wire):
    """`sync export` to the exchange API; each fault finds one more assignment to say."""

    table: Path
    students: list[str] = field(default_factory=list)

    def strike(self, fault: str) -> None:
        with self.table.open("a", encoding="utf-8") as lines:
            lines.write(f"{self.students.pop()},{self.school}:12B/Ph1,2026-11-09,\n")
        passing = not fault.endswith("!") and fault in ("too_many_requests", "server_error", "away", "slow")
        self.made.simulator.exchange.fault(self.school, fault.rstrip("!"), times=1 if passing else 1_000_000)

    def heal(self) -> None:
        self.made.simulator.exchange.heal(self.school)

    def run(self, *schools: str) -> FlowOutcome[Any]:
        return exports.run_exports(self.settings, schools=schools)

    def rows(self, store: Store, scope: FeedScope) -> object:
        partner = self.made.simulator.exchange.partners[self.school]
        return store.exports.told(scope.attachment), {key: held.view() for key, held in partner.guests.items()}


@dataclass(kw_only=True)
class Files(Wire):
    """`sync import` from a folder of OneRoster files."""

    folder: Path

    def strike(self, fault: str) -> None:
        _FILE_FAULTS[fault](self.folder)

    def heal(self) -> None:
        self.made.simulator.write_drops(self.folder.parent.parent)

    def run(self, *schools: str) -> FlowOutcome[Any]:
        return flows.run_imports(self.settings, schools=schools)

    def rows(self, store: Store, scope: FeedScope) -> object:
        return {entity: list(store.feeds.rows(scope, entity)) for entity in Entity}


def _lines(folder: Path, name: str, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = folder / f"{name}.csv"
    path.write_bytes(b"\r\n".join(change(path.read_bytes().split(b"\r\n"))))


def _pupils_only(folder: Path, keep: Callable[[int, int], bool]) -> None:
    def change(lines: list[bytes]) -> list[bytes]:
        pupils = [line for line in lines[1:] if b"student" in line]
        gone = {line for n, line in enumerate(pupils) if not keep(n, len(pupils))}
        return [line for line in lines if line not in gone]

    _lines(folder, "users", change)


def _earlier(lines: list[bytes]) -> list[bytes]:
    """Every date two years earlier; ids stay, since classes name their session by them."""
    return [re.sub(rb",202([67])-", lambda found: b",202%d-" % (int(found[1]) - 2), line) for line in lines]


_FILE_FAULTS: Mapping[str, Callable[[Path], object]] = {
    "empty_list": lambda folder: _pupils_only(folder, lambda n, count: False),
    "half_the_pages": lambda folder: _pupils_only(folder, lambda n, count: n < count // 2),
    "roll_down_60": lambda folder: _pupils_only(folder, lambda n, count: n % 5 < 2),
    "malformed": lambda folder: _lines(folder, "users", lambda lines: [*lines[:3], b'"' + lines[3], *lines[4:]]),
    "half_body": lambda folder: _lines(folder, "users", lambda lines: [*lines[:9], lines[9][:20]]),
    "duplicate_row": lambda folder: _lines(folder, "users", lambda lines: [*lines[:-1], *lines[1:]]),
    "windows_1252": lambda folder: _lines(
        folder, "users", lambda lines: [line.decode().encode("windows-1252", "replace") for line in lines]
    ),
    "other_year": lambda folder: _lines(folder, "academicSessions", _earlier),
    "nothing_delivered": lambda folder: [path.unlink() for path in folder.glob("*.csv")],
}
