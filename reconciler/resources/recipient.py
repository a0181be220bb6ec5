"""Who receives data."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "recipient"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a recipient; those further down the stream come first."""
    for name, recipient in estate.recipients.items():
        depends_on = needs(*((KIND, other) for other in recipient.downstream))
        yield make(KIND, name, recipient.entry, depends_on=depends_on, position=recipient.position)
