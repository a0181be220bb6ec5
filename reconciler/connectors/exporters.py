"""Every exporter by the name that `export: {connector: ...}` gives it; a new one is one line here."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.connectors.export_protocol import Exporter
from reconciler.connectors.oneroster_drop import OneRosterDrop
from reconciler.connectors.partner_exchange.connector import PartnerExchange
from reconciler.errors import UnknownName
from reconciler.vocabulary.suggestions import did_you_mean

EXPORTERS: Mapping[str, Exporter] = {
    "exchange": PartnerExchange(),
    "oneroster-csv": OneRosterDrop(),
}


def exporter(name: str) -> Exporter:
    """The exporter of that name. Raises UnknownName with the nearest names."""
    try:
        return EXPORTERS[name]
    except KeyError:
        raise UnknownName(
            "export.connector",
            f"there is no way out named {name!r}",
            hint=did_you_mean(name, EXPORTERS) or f"there are: {', '.join(sorted(EXPORTERS))}",
        ) from None
