"""Every connector by the name that `connector:` gives it in the estate; a new one is one line here."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.connectors.bromcom.connector import BromcomConnector
from reconciler.connectors.oneroster_csv.connector import OneRosterCsvConnector
from reconciler.connectors.protocol import Connector
from reconciler.errors import UnknownName
from reconciler.vocabulary.suggestions import did_you_mean

CONNECTORS: Mapping[str, Connector] = {
    "bromcom": BromcomConnector(),
    "oneroster-csv": OneRosterCsvConnector(),
}


def connector(name: str) -> Connector:
    """The connector of that name. Raises UnknownName with the nearest names."""
    try:
        return CONNECTORS[name]
    except KeyError:
        raise UnknownName(
            "source.connector",
            f"there is no connector {name!r}",
            hint=did_you_mean(name, CONNECTORS) or f"there are: {', '.join(sorted(CONNECTORS))}",
        ) from None
