"""What every command stands on: settings, clock, store, folders, endpoints."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from reconciler.errors import Refused, StoreError
from reconciler.secrets.references import Secret, resolve
from reconciler.settings import Settings

if TYPE_CHECKING:
    from reconciler.store.open import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One command's surroundings, with the store open."""

    settings: Settings
    store: Store
    clock: Callable[[], datetime]

    @property
    def now(self) -> datetime:
        return self.clock()

    @property
    def base(self) -> Path:
        """What `drop:`, `path:` and `file:` are relative to: the estate, or the store's folder in a rehearsal."""
        return store_folder(self.settings) if self.store.rehearsal else estate_folder(self.settings)

    def secret(self, reference: Mapping[str, Any]) -> Secret:
        """Resolves a reference. Raises SecretUnavailable."""
        return resolve(reference, environment=self.settings.environment, base=estate_folder(self.settings))

    def endpoint(self, url: str) -> str:
        """The address to call for a declared one: in a rehearsal store the mapped loopback address."""
        return _Endpoints.read(self.settings.endpoints).address(url)


def estate_folder(settings: Settings) -> Path:
    """The folder of the estate: the estate itself when it is one."""
    return settings.estate if settings.estate.is_dir() else settings.estate.parent


def store_url(settings: Settings) -> str:
    """The store that the settings name, or the default beside the estate. Raises StoreError in CI without one."""
    if settings.store_url:
        return settings.store_url
    if settings.in_ci:
        raise StoreError(
            "store.unnamed",
            "CI is set and no store is named; an empty store must never be mistaken for a first set-up",
            hint="set RECONCILE_STORE or give --store",
        )
    return f"sqlite:///{default_folder(settings) / 'store.db'}"


def default_folder(settings: Settings) -> Path:
    """`.reconcile` beside the estate."""
    return settings.estate.absolute().parent / ".reconcile"


def store_folder(settings: Settings) -> Path:
    """The folder of an SQLite store; for other stores `.reconcile` beside the estate."""
    url = store_url(settings)
    scheme, _, path = url.partition(":///")
    return Path(path).absolute().parent if scheme.startswith("sqlite") else default_folder(settings)


@contextmanager
def opened(settings: Settings, *, read_only: bool = False) -> Iterator[Context]:
    """Opens the store for one command; for one that only looks, `read_only`, so that it cannot write.

    Raises StoreError, and Refused when a real store is asked to use a rehearsal's clock or endpoints.
    """
    from reconciler.store.open import open_store

    try:
        store = open_store(store_url(settings), read_only=read_only)
    except StoreError as error:
        raise _of_a_rehearsal(error) if settings.now or settings.endpoints else error from None
    try:
        if not store.rehearsal:
            _refuse_rehearsal_settings(settings)
        yield Context(settings=settings, store=store, clock=clock_of(settings))
    finally:
        store.close()


def _of_a_rehearsal(error: StoreError) -> StoreError:
    """Whoever practises is told to make a store to practise on, not a real one."""
    if error.code != "store.missing":
        return error
    return StoreError(error.code, error.message, subject=error.subject,
                      hint="make one to practise on with `reconcile state init --rehearsal`, or name another with "
                           "--store")  # fmt: skip


def clock_of(settings: Settings) -> Callable[[], datetime]:
    """The fixed clock of a rehearsal, or the real one."""
    fixed = settings.now
    return (lambda: fixed) if fixed else (lambda: datetime.now(UTC))


def new_run_id() -> str:
    """A fresh id of a run: short enough to type."""
    return "r" + secrets.token_hex(4)


def _refuse_rehearsal_settings(settings: Settings) -> None:
    for name, value in (("RECONCILE_NOW", settings.now), ("RECONCILE_ENDPOINTS", settings.endpoints)):
        if value is not None:
            raise Refused(
                "settings.rehearsal_only",
                f"{name} is set, and this is a real store",
                hint=f"unset {name}, or make a rehearsal store with: reconcile state init --rehearsal",
            )


@dataclass(frozen=True, slots=True)
class _Endpoints:
    origins: Mapping[str, str]

    @classmethod
    def read(cls, path: Path | None) -> _Endpoints:
        if path is None:
            return cls({})
        try:
            found = json.loads(path.read_text("utf-8"))
            origins = {str(key): str(value) for key, value in found.items()}
        except (OSError, ValueError, AttributeError) as error:
            raise Refused(
                "settings.endpoints",
                f"RECONCILE_ENDPOINTS names {path.name}, which cannot be read ({type(error).__name__})",
                hint='it is a JSON file like {"https://mis.avn.example": "http://127.0.0.1:8099/AVN"}',
            ) from None
        return cls(origins)

    def address(self, url: str) -> str:
        parts = urlsplit(url)
        target = self.origins.get(f"{parts.scheme}://{parts.netloc}")
        if target is None:
            return url
        to = urlsplit(target)
        return urlunsplit((to.scheme, to.netloc, to.path.rstrip("/") + parts.path, parts.query, ""))
