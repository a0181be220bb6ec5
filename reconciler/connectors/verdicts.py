"""What the head of an HTTP answer says, before a byte of its body is read (`reliability.md` R8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from reconciler.connectors.exchange import HttpRequest
from reconciler.errors import MalformedSourceError, RefusedSourceError, SourceError, TransientSourceError

_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = range(300, 400)


def verdict(request: HttpRequest, status: int, headers: Mapping[str, str], origin: str) -> SourceError | None:
    """What the head of an answer says: None to go on, else the error."""
    media = headers.get("content-type", "").split(";")[0].strip().lower()
    if status in request.statuses and (not request.media or media in request.media):
        return None
    if status in _REDIRECTS:
        return RefusedSourceError(
            "http.redirect", f"{origin} answered with a redirect ({status}), which is never followed",
            hint="declare the address that it points to, after checking whose it is",
        )  # fmt: skip
    if status in (401, 403):
        return RefusedSourceError(
            "http.unauthorised", f"{origin} refused the credentials ({status})",
            hint="check user name, password and school id of this account",
        )  # fmt: skip
    if status in _TRANSIENT:
        return _passing(status, origin, retry_after=_retry_after(headers))
    if status in request.statuses:
        return MalformedSourceError(
            "http.not_xml" if any("xml" in kind for kind in request.media) else "http.media",
            f"{origin} answered with {media or 'no media type'} instead of {request.media[0]}",
            hint="a page in HTML is often a sign-in or maintenance page: open the address in a browser",
        )
    return MalformedSourceError("http.status", f"{origin} answered {status}", hint="check the path of the declared URL")


def _passing(status: int, origin: str, *, retry_after: float | None) -> TransientSourceError:
    if status != 429:
        return server_error(f"{origin} answered {status}", retry_after=retry_after)
    return TransientSourceError(
        "http.too_many_requests", f"{origin} answered 429: it was asked too often", retry_after=retry_after,
        hint="the next run asks again; if it stays so, ask the supplier for a higher limit, or run less often",
    )  # fmt: skip


def server_error(message: str, *, retry_after: float | None = None) -> TransientSourceError:
    """The server says that the trouble is its own."""
    return TransientSourceError(
        "http.server_error", message, retry_after=retry_after,
        hint="the next run asks again; if it stays so, tell whoever runs the server, or its supplier",
    )  # fmt: skip


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from a number or from a date beside the server's own Date; None when it says nothing usable."""
    text = headers.get("retry-after", "").strip()
    if text.isdigit() and text.isascii():
        return float(text)
    then, now = _http_date(text), _http_date(headers.get("date", ""))
    return max((then - now).total_seconds(), 0.0) if then and now else None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):  # a number of any length may stand in it
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
