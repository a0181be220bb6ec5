"""Rules that hold over the whole estate, one module a theme, one line each in `registry.py`.

In come the typed estate and its document; out go findings with place, reason and hint. Everything is offline: no
secret is resolved, no system asked, no clock read.
"""

from reconciler.estate.rules.registry import check

__all__ = ["check"]
