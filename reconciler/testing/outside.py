"""Crash points outside the database: calls to other systems, and files put in their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reconciler.connectors.exchange import HttpAnswer, HttpRequest
from reconciler.connectors.http import HttpClient
from reconciler.testing.crash import Point, Probe


def calls(point: Point) -> None:
    """Before each attempt at an HTTP call, and after its answer came: the other side has acted, we do not know yet."""
    once = HttpClient._once

    def ask(client: HttpClient, request: HttpRequest) -> HttpAnswer:
        point(f"before {request.method}")
        answer = once(client, request)
        point(f"after {request.method}")
        return answer

    HttpClient._once = ask  # type: ignore[method-assign,assignment]


def renames(point: Point) -> None:
    """Before and after each file is put in the place of another."""
    replace = Path.replace

    def put(path: Path, target: Any) -> Path:
        point("before rename")
        found = replace(path, target)
        point("after rename")
        return found

    Path.replace = put  # type: ignore[method-assign,assignment]


OUTSIDE: tuple[Probe, ...] = (calls, renames)
