"""Resources are tested on the same small estates as the rules."""

from tests.estate.conftest import check_small

__all__ = ["check_small"]
