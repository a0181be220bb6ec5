"""The class assignments of the applied estate, read from its file and its inline lines (VS, rule 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.app.context import Context
from reconciler.errors import Refused
from reconciler.plan.state import StoredState
from reconciler.syncs.assignment_lines import MOST_BYTES, Assignments, read_assignments


class Declared:
    """The assignments of the applied estate; the file is read once a command, and a failure is each partner's."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._spec: Mapping[str, Any] | None = None
        self._read: Assignments | Refused | None = None

    def assignments(self, state: StoredState) -> Assignments:
        """As the state declares them; read again where it declares others. Raises Refused `export.assignments_file`."""
        found = state.resources.get("class_assignments")
        spec = found.spec if found else {}
        if self._read is None or spec != self._spec:
            self._spec = spec
            try:
                self._read = self._now(spec)
            except Refused as error:
                self._read = error
        if isinstance(self._read, Refused):
            raise self._read
        return self._read

    def _now(self, spec: Mapping[str, Any]) -> Assignments:
        inline = spec.get("inline") or ()
        name = (spec.get("from") or {}).get("file")
        if not name:
            return read_assignments(inline)
        try:
            with (self._context.base / str(name)).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise Refused(
                "export.assignments_file",
                f"{name} cannot be read ({error.strerror or type(error).__name__}), so nothing is known of the "
                "assignments and nothing was sent",
                hint="the path is relative to the estate, in a rehearsal to the store's folder",
            ) from None
        return read_assignments(inline, table=data, name=str(name))
