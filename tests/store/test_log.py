"""The transfer log and the data issues, as reports read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest

from reconciler.diagnostics import Severity
from reconciler.errors import Refused, UnknownName
from reconciler.issues.issue import DataIssue, Owner
from reconciler.issues.tracked import TrackedIssue
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.store.open import Store
from reconciler.syncs.ports import FeedScope
from reconciler.transfers.entry import Counts, Outcome, RejectedRecord
from tests.store.values import ACTOR, HOLDER, entry, feed_commit, issue, later, scope_of, with_partner

CODES = frozenset({"import.no_teacher", "import.rejected_row"})


@pytest.fixture
def scope(store: Store) -> FeedScope:
    """The feed `hub` of AVN."""
    return with_partner(store)


def outcomes(store: Store) -> dict[str, Outcome]:
    return {e.run: e.outcome for e in store.reports.transfers(TransferFilter())}


def issues(store: Store, state: str = "all") -> dict[str, TrackedIssue]:
    """By record."""
    return {tracked.issue.record: tracked for tracked in store.reports.issues(IssueFilter(state=state))}


@pytest.mark.requirement(62, 63)
def test_an_entry_is_read_back_whole(store: Store, scope: FeedScope) -> None:
    """Counts, rejected rows with place and reason, notes, actor and times."""
    told = entry(
        scope, "r1", Outcome.PARTIAL, finished_at=later(2),
        counts={"students": Counts(read=9, new=2, changed=1, same=3, rejected=1, out_of_scope=2, left=4),
                "classes": Counts(read=1, new=1)},
        rejected=(RejectedRecord(entity="students", key="s7", code="record.upn", message="no UPN", place="row 12"),),
        notes=("2 guardians out of scope", "header spelled Sis ID"),
    )  # fmt: skip
    store.feeds.start_run(replace(told, outcome=Outcome.RUNNING, finished_at=None))
    store.feeds.commit(replace(feed_commit(scope, "r1"), entry=told))
    assert store.reports.transfers(TransferFilter()) == [told]


def test_a_run_is_seen_while_it_runs(store: Store, scope: FeedScope) -> None:
    """The entry is committed before the first exchange with the school, by a process that holds the school's lock."""
    with store.state.lock("school:AVN", holder=HOLDER, wait=0):
        store.feeds.start_run(entry(scope, "r1", Outcome.RUNNING))
        assert outcomes(store) == {"r1": Outcome.RUNNING}
    assert outcomes(store) == {"r1": Outcome.INTERRUPTED}


def test_a_run_whose_process_is_gone_is_found_under_what_it_is(store: Store, scope: FeedScope) -> None:
    """Nobody holds its school's lock: it is interrupted in every view, and the row itself waits for the next run."""
    store.feeds.start_run(entry(scope, "r1", Outcome.RUNNING))
    (told,) = store.reports.transfers(TransferFilter(outcomes=frozenset({"interrupted"})))
    assert (told.run, told.outcome, told.finished_at) == ("r1", Outcome.INTERRUPTED, None)
    assert "went away" in told.message
    assert not store.reports.transfers(TransferFilter(outcomes=frozenset({"running"})))
    assert list(store.reports.latest_transfers()) == [told]
    store.feeds.end_run(entry(scope, "r1", Outcome.DONE))
    assert outcomes(store) == {"r1": Outcome.DONE}


def test_a_run_that_was_told_to_stop_is_interrupted_once(store: Store, scope: FeedScope) -> None:
    """With the time of its end; a run that has ended stays as it ended."""
    store.feeds.start_run(entry(scope, "r1", Outcome.RUNNING))
    store.interrupt("r1", at=later(2))
    store.feeds.start_run(entry(scope, "r2", Outcome.RUNNING))
    store.feeds.end_run(entry(scope, "r2", Outcome.DONE))
    store.interrupt("r2", at=later(3))
    found = {e.run: (e.outcome, e.finished_at) for e in store.reports.transfers(TransferFilter())}
    assert found["r1"] == (Outcome.INTERRUPTED, later(2))
    assert found["r2"][0] is Outcome.DONE


def test_a_run_whose_process_died_becomes_interrupted(store: Store, scope: FeedScope) -> None:
    """The next run of the same school and feed finds it; runs of others are left alone."""
    store.feeds.start_run(entry(scope, "r1", Outcome.RUNNING))
    store.feeds.start_run(entry(scope_of(store, feed="avn-parentpay"), "r2", Outcome.RUNNING))
    with store.state.lock("school:AVN", holder=HOLDER, wait=0):
        store.feeds.start_run(entry(scope, "r3", Outcome.RUNNING))
        found = outcomes(store)
    assert found == {"r1": Outcome.INTERRUPTED, "r2": Outcome.RUNNING, "r3": Outcome.RUNNING}


def test_a_run_id_is_used_once(store: Store, scope: FeedScope) -> None:
    """A second start of the same run would overwrite what the first one said."""
    store.feeds.start_run(entry(scope, "r1", Outcome.RUNNING))
    with pytest.raises(Refused) as error:
        store.feeds.start_run(entry(scope, "r1", Outcome.RUNNING))
    assert error.value.code == "store.run_exists"


def test_a_failed_run_ends_with_its_issue(store: Store, scope: FeedScope) -> None:
    """It changes no record, opens what it found and closes nothing."""
    store.feeds.commit(feed_commit(scope, "r1", issues=[issue(record="c1")], issue_codes=CODES))
    store.feeds.start_run(entry(scope, "r2", Outcome.RUNNING))
    store.feeds.end_run(entry(scope, "r2", Outcome.FAILED), issues=[issue("import.unreachable", "")])
    assert outcomes(store)["r2"] is Outcome.FAILED
    assert set(issues(store, "open")) == {"c1", ""}


@pytest.mark.requirement(62)
def test_the_log_is_narrowed(store: Store, scope: FeedScope) -> None:
    """By school, kind, direction, outcome, time and run; the latest first; never more than asked for."""
    store.feeds.end_run(entry(scope, "r1", Outcome.DONE))
    store.feeds.end_run(entry(scope, "r2", Outcome.FAILED, at=later(10)))
    store.feeds.end_run(entry(scope, "r3", Outcome.DONE, at=later(20), kind="export", direction="out", school="BRK"))

    def found(**wanted: object) -> list[str]:
        return [e.run for e in store.reports.transfers(TransferFilter(**wanted))]  # type: ignore[arg-type]

    assert found() == ["r3", "r2", "r1"]
    assert found(limit=2) == ["r3", "r2"]
    assert found(schools=frozenset({"AVN"})) == ["r2", "r1"]
    assert found(kinds=frozenset({"export"})) == ["r3"]
    assert found(directions=frozenset({"in"})) == ["r2", "r1"]
    assert found(outcomes=frozenset({"done"})) == ["r3", "r1"]
    assert found(since=later(10)) == ["r3", "r2"]
    assert found(run="r2") == ["r2"]
    assert found(run="r2", schools=frozenset({"BRK"})) == []


@pytest.mark.requirement(62, 64)
def test_the_latest_of_each_kind_is_found_behind_any_number_of_others(store: Store, scope: FeedScope) -> None:
    """A held import of last week is not lost behind a week of hourly runs, nor behind another feed."""
    store.feeds.start_run(entry(scope, "r0", Outcome.DONE))
    store.feeds.start_run(entry(scope, "r1", Outcome.HELD))
    for hour in range(5):
        store.feeds.start_run(entry(scope, f"a{hour}", Outcome.UNCHANGED, kind="academic"))
    store.feeds.start_run(entry(scope, "other", Outcome.DONE, feed="elm-parentpay"))
    assert [(e.run, e.kind) for e in store.reports.latest_transfers()] == [("a4", "academic"), ("r1", "import")]


def test_stored_times_are_utc(store: Store, scope: FeedScope) -> None:
    """Whatever zone a time was given in."""
    from zoneinfo import ZoneInfo

    store.feeds.end_run(entry(scope, "r1", at=later(0).astimezone(ZoneInfo("Asia/Kathmandu"))))
    found = store.reports.transfers(TransferFilter())[0]
    assert (found.started_at, found.started_at.tzinfo) == (later(0), UTC)


def test_an_issue_opens_once_and_stays_open(store: Store, scope: FeedScope) -> None:
    """Found again, it is the same issue with the same number; its text follows what is found."""
    store.feeds.commit(feed_commit(scope, "r1", issues=[issue()], issue_codes=CODES))
    first = issues(store)["c1"]
    again = issue(message="class c1 still has no teacher", severity=Severity.ERROR, owner=Owner.HUB)
    store.feeds.commit(feed_commit(scope, "r2", at=later(60), issues=[again], issue_codes=CODES))
    assert issues(store)["c1"] == replace(first, issue=again, last_seen_at=later(60))
    assert (first.opened_run, first.opened_at, first.reopened, first.is_open) == ("r1", later(0), 0, True)


def test_an_issue_that_is_mended_closes_and_may_return(store: Store, scope: FeedScope) -> None:
    """A run that judged its code and did not find it closes it; found again it is reopened under its number."""
    store.feeds.commit(feed_commit(scope, "r1", issues=[issue("import.no_teacher")], issue_codes=CODES))
    store.feeds.commit(feed_commit(scope, "r2", at=later(60), issue_codes=CODES))
    closed = issues(store)["c1"]
    assert (closed.closed_at, closed.closed_run, closed.is_open) == (later(60), "r2", False)
    store.feeds.commit(feed_commit(scope, "r3", at=later(90), issues=[issue()], issue_codes=CODES))
    back = issues(store)["c1"]
    assert (back.number, back.is_open, back.reopened, back.closed_run) == (closed.number, True, 1, "")


@pytest.mark.requirement(4, 64)
def test_an_acknowledgement_is_on_record_until_the_issue_comes_back(store: Store, scope: FeedScope) -> None:
    """Who saw it stands with the issue and on the audit trail, once; what was mended and returns is news again."""
    found = [issue("import.no_teacher"), issue("import.no_teacher", "c2")]
    store.feeds.commit(feed_commit(scope, "r1", issues=found, issue_codes=CODES))
    number = issues(store)["c1"].number
    for _ in range(2):
        store.issues.acknowledge([number], actor=ACTOR, at=later(5))
    assert {record: kept.acknowledged_by for record, kept in issues(store).items()} == {"c1": ACTOR.name, "c2": ""}
    acts = [row for row in store.state.audit_rows() if row.verb == "issues ack"]
    assert [(row.actor, row.at, row.detail) for row in acts] == [(ACTOR, later(5), {"issues": [number]})]
    store.feeds.commit(feed_commit(scope, "r2", at=later(10), issues=found, issue_codes=CODES))
    assert issues(store)["c1"].acknowledged_by == ACTOR.name
    store.feeds.commit(feed_commit(scope, "r3", at=later(20), issue_codes=CODES))
    store.feeds.commit(feed_commit(scope, "r4", at=later(30), issues=found, issue_codes=CODES))
    assert issues(store)["c1"].acknowledged_by == ""


def test_issues_are_acknowledged_all_or_none(store: Store, scope: FeedScope) -> None:
    """A number that no open issue has is named, and the others are left as they were."""
    store.feeds.commit(feed_commit(scope, "r1", issues=[issue()], issue_codes=CODES))
    with pytest.raises(UnknownName, match="no open issue 777"):
        store.issues.acknowledge([issues(store)["c1"].number, 777], actor=ACTOR, at=later(5))
    assert issues(store)["c1"].acknowledged_by == ""


def test_a_run_closes_only_what_it_judged(store: Store, scope: FeedScope) -> None:
    """Another code, another school and another feed stay open."""
    others = [issue("import.rejected_row", "a"), issue(record="b", school="BRK"), issue(record="c", feed="avn-pp")]
    store.feeds.commit(feed_commit(scope, "r1", issues=[*others, issue(record="mended")], issue_codes=CODES))
    store.feeds.commit(feed_commit(scope, "r2", issue_codes=frozenset({"import.no_teacher"})))
    assert set(issues(store, "open")) == {"a", "b", "c"}
    assert set(issues(store, "closed")) == {"mended"}


def test_issues_are_worst_first_then_oldest(store: Store, scope: FeedScope) -> None:
    """The order in which they should be read."""
    found: list[DataIssue] = [
        issue(record="info", severity=Severity.INFO), issue(record="old"),
        issue(record="error", severity=Severity.ERROR),
    ]  # fmt: skip
    store.feeds.commit(feed_commit(scope, "r1", issues=found))
    store.feeds.commit(feed_commit(scope, "r2", at=later(5), issues=[issue(record="new")]))
    assert [t.issue.record for t in store.reports.issues(IssueFilter())] == ["error", "old", "new", "info"]


def test_issues_are_narrowed(store: Store, scope: FeedScope) -> None:
    """By school, code, severity and owner."""
    found = [issue(record="a"), issue(record="b", owner=Owner.SUPPLIER), issue(record="c", school="BRK")]
    store.feeds.commit(feed_commit(scope, "r1", issues=found))

    def records(**wanted: frozenset[str]) -> set[str]:
        return {t.issue.record for t in store.reports.issues(IssueFilter(**wanted))}

    assert records(schools=frozenset({"BRK"})) == {"c"}
    assert records(owners=frozenset({"supplier"})) == {"b"}
    assert records(severities=frozenset({"warning"})) == {"a", "b", "c"}
    assert records(codes=frozenset({"other"})) == set()


def test_a_committed_run_is_on_the_audit_trail(store: Store, scope: FeedScope) -> None:
    """With counts and no person, in the same transaction; a run that changed nothing is in the log alone."""
    from tests.store.values import first_load, staff

    store.feeds.commit(feed_commit(scope, "r1", first_load(staff(1), staff(2))))
    store.feeds.commit(feed_commit(scope, "r2", base="r1"))
    row = store.state.audit_rows()[0]
    assert (row.verb, row.subject, row.actor) == ("run.committed", "run r1", ACTOR)
    assert row.detail["changes"] == {"staff": [2, 0, 0]}
    assert not store.state.verify_audit()
