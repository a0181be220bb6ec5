"""What people wrote is what is compared: nothing of its meaning is tidied away."""

from __future__ import annotations

import pytest

from reconciler.resources.registry import desired
from tests.estate.conftest import CheckSmall


@pytest.mark.requirement(148)
def test_priorities_stay_in_the_order_in_which_they_are_written(check_small: CheckSmall) -> None:
    """`[2, 1]` asks for another order than `[1, 2]`, so it is another resource."""

    def strategy(*priorities: int) -> tuple[list[int], str]:
        section = {"x": {"groups": "all", "channels": ["email"], "contacts": {"priorities": list(priorities)}}}
        made = desired(check_small({"import_strategies": section}).estate)
        (found,) = [resource for resource in made if resource.address == "import_strategy.x"]
        return found.spec["contacts"]["priorities"], found.digest

    (written, first), (_, second) = strategy(2, 1), strategy(1, 2)
    assert written == [2, 1]
    assert first != second
