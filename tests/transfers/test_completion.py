"""Every transfer ends with one line that a person can read aloud."""

from __future__ import annotations

import pytest

from reconciler.transfers.completion import completion
from reconciler.transfers.entry import Counts, Outcome

TOTAL = Counts(read=96, new=3, changed=2, same=79, rejected=1, out_of_scope=11, left=4)


@pytest.mark.requirement(61)
@pytest.mark.parametrize(
    ("outcome", "detail", "line"),
    [
        (Outcome.DONE, "", "AVN import done: 3 added, 2 changed, 4 left, 79 unchanged, 1 rejected, 11 out of scope"),
        (Outcome.PARTIAL, "staff not read (perm.staff)",
         ("AVN import partial: 3 added, 2 changed, 4 left, 79 unchanged, 1 rejected, 11 out of scope; "
          "staff not read (perm.staff)")),
        (Outcome.UNCHANGED, "", "AVN import unchanged: 79 unchanged, 11 out of scope"),
        (Outcome.HELD, "all 64 students would leave", "AVN import held: all 64 students would leave"),
        (Outcome.FAILED, "no answer\nwithin 60 s", "AVN import failed: no answer within 60 s"),
        (Outcome.WAITING, "first import pending", "AVN import waiting: first import pending"),
        (Outcome.REJECTED, "turned down", "AVN import rejected: turned down"),
    ],
)  # fmt: skip
def test_each_outcome_has_its_line(outcome: Outcome, detail: str, line: str) -> None:
    """Counts added, changed, unchanged; or why it was held, failed or waits."""
    assert completion(school="AVN", kind="import", outcome=outcome, total=TOTAL, detail=detail) == line


@pytest.mark.requirement(61)
def test_counts_that_do_not_add_up_cannot_be_built() -> None:
    """A row is never lost between read and accounted for."""
    with pytest.raises(ValueError, match="do not add up"):
        Counts(read=5, new=4)


def test_totals_add_every_part() -> None:
    """The total of a transfer is the sum over its entities."""
    assert Counts(read=192, new=6, changed=4, same=158, rejected=2, out_of_scope=22, left=8) == TOTAL + TOTAL
