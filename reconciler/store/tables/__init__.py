"""The tables, one module a theme; importing this package registers all of them on one MetaData."""

from reconciler.store.tables import academic, control, exports, records, runs, slots, undo
from reconciler.store.tables.base import METADATA

__all__ = ["METADATA", "academic", "control", "exports", "records", "runs", "slots", "undo"]
