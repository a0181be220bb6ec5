"""The shipped schemas of the estate, and the two validators over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.documents.read import read_document
from tests.schemas.files import Judge, Subschema, load_files, subschemas

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def files() -> dict[str, dict[str, Any]]:
    """Every schema file of the estate, by its path under `schemas/`."""
    return load_files()


@pytest.fixture(scope="session")
def everything(files: dict[str, dict[str, Any]]) -> list[Subschema]:
    """Every schema inside every file, with its place."""
    return [found for name, content in files.items() for found in subschemas(name, content)]


@pytest.fixture(scope="session")
def judge(files: dict[str, dict[str, Any]]) -> Judge:
    """Asks jsonschema and jsonschema-rs, and insists that they agree."""
    return Judge(files)


@pytest.fixture(scope="session")
def estate() -> dict[str, Any]:
    """The example estate as it is read: text fields as text, defaults filled."""
    document = read_document(EXAMPLES / "estate.yaml")
    assert not document.findings.has_errors
    return document.value


@pytest.fixture
def refused(judge: Judge, estate: dict[str, Any]) -> Callable[..., bool]:
    """Whether the example estate is refused once something in it is another; `...` takes a key away."""

    def ask(path: str, value: Any) -> bool:
        return not judge.accepts("estate.schema.json", changed(estate, path.split("/"), value))

    return ask


def changed(value: Any, path: list[str], new: Any) -> Any:
    """A copy of a JSON value with one place set, or taken away for `...`; only the way there is copied."""
    key: Any = int(path[0]) if isinstance(value, list) else path[0]
    copy = value.copy()
    if len(path) > 1:
        copy[key] = changed(value[key], path[1:], new)
    elif new is ...:
        del copy[key]
    else:
        copy[key] = new
    return copy
