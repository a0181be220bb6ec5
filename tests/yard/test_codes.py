"""Every code that the program can print has a page, and every page a code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.conftest import ROOT

CODE = re.compile(r"[a-z][a-z_0-9]*(\.[a-z][a-z_0-9]*)+\Z")
PAGES = ROOT / "docs" / "codes"
FIRST_ARGUMENT = {
    "ReconcileError", "Refused", "StalePlan", "LockHeld", "UnknownName", "Held", "NotPermitted", "SecretUnavailable",
    "StoreError", "SourceError", "TransientSourceError", "MalformedSourceError", "RefusedSourceError", "Tolerance",
    "finding",
}  # fmt: skip


def named_codes() -> dict[str, str]:
    """Code -> the source file that names it: first arguments of errors, `code=` keywords, CODE constants."""
    return {code: str(path.relative_to(ROOT)) for path in sorted((ROOT / "reconciler").rglob("*.py"))
            for code in _codes(ast.parse(path.read_text("utf-8"))) if CODE.match(code)}  # fmt: skip


def _codes(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in FIRST_ARGUMENT and node.args:
                yield from _texts(node.args[0])
            for keyword in node.keywords:
                if keyword.arg == "code":
                    yield from _texts(keyword.value)
        elif isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and "CODE" in target.id for target in node.targets
        ):
            yield from _texts(node.value)


def _texts(node: ast.AST) -> Iterator[str]:
    yield from (n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def test_every_code_has_a_page() -> None:
    """So that a person who meets a code can look it up."""
    missing = {code: where for code, where in named_codes().items() if not (PAGES / f"{code}.md").exists()}
    assert not missing


def test_every_page_is_headed_by_its_code_and_says_what_to_do() -> None:
    """A page without advice is of no use at 08:45."""
    for page in sorted(PAGES.glob("*.md")):
        text = page.read_text("utf-8")
        assert text.startswith(f"# {page.stem}\n"), page.name
        assert re.search(r"(?im)^#+ .*(do|next|mend)", text), f"{page.name} does not say what to do"


def test_no_page_is_about_a_code_that_is_gone() -> None:
    """Every page's code stands somewhere in the sources."""
    sources = "\n".join(
        p.read_text("utf-8") for p in (ROOT / "reconciler").rglob("*") if p.suffix in (".py", ".json", ".toml")
    )
    risks = {f"risk.{name}" for name in re.findall(r'name="([a-z_]+)"', sources)}
    gone = [p.stem for p in PAGES.glob("*.md") if p.stem not in sources and p.stem not in risks]
    assert not gone
