"""One writer at a time, by locks that die with their holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from reconciler.apply.ports import LockHolder
from reconciler.errors import LockHeld
from reconciler.store.locks import is_held
from reconciler.store.open import Store, open_store
from tests.store.values import HOLDER, NOW

# Takes the lock, says so, and holds it until it is killed.
_CHILD = """
    import sys, time
    from datetime import UTC, datetime
    from reconciler.apply.ports import LockHolder
    from reconciler.store.open import open_store
    store = open_store(sys.argv[1])
    holder = LockHolder(host="hub2", pid=99, since=datetime(2026, 11, 23, 8, 40, tzinfo=UTC), command="reconcile sync")
    with store.state.lock(sys.argv[2], holder=holder, wait=0):
        print("held", flush=True)
        time.sleep(600)
"""


def hold_in_child(url: str, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(_CHILD), url, name]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def end(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.communicate()


def test_a_held_lock_names_its_holder(store: Store, store_url: str) -> None:
    """Whoever waits in vain is told which command, host, process and time."""
    child = hold_in_child(store_url, "apply")
    try:
        with pytest.raises(LockHeld) as error, store.state.lock("apply", holder=HOLDER, wait=0.2):
            pass
    finally:
        end(child)
    assert error.value.code == "lock.held"
    for told in ("reconcile sync", "hub2", "99", "2026-11-23 08:40:00"):
        assert told in error.value.message


def test_a_killed_holder_holds_nothing(store: Store, store_url: str) -> None:
    """After SIGKILL the lock is free at once, without any unlock command."""
    child = hold_in_child(store_url, "apply")
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    with store.state.lock("apply", holder=HOLDER, wait=0):
        pass


@pytest.mark.parametrize(("name", "other"), [("school:AVN", "school:BRK"), ("school:BRK", "school:AVN")])
def test_whether_a_lock_is_held_is_seen_without_taking_it(store: Store, store_url: str, name: str, other: str) -> None:
    """Of a living holder yes, of a killed one no, and of a name that nobody took no; their numbers differ in sign."""
    child = hold_in_child(store_url, name)
    assert is_held(store._database, name)
    assert not is_held(store._database, other)
    end(child)
    patience = time.monotonic() + 10
    while is_held(store._database, name):  # PostgreSQL notices a dead client a little later
        assert time.monotonic() < patience
    with store.state.lock(name, holder=HOLDER, wait=0):
        assert is_held(store._database, name)


def test_locks_of_different_names_do_not_meet(store: Store, store_url: str) -> None:
    """One school's run does not stop another's, nor an apply."""
    child = hold_in_child(store_url, "school:AVN")
    try:
        with store.state.lock("school:BRK", holder=HOLDER, wait=0), store.state.lock("apply", holder=HOLDER, wait=0):
            pass
        with pytest.raises(LockHeld, match="school AVN"), store.state.lock("school:AVN", holder=HOLDER, wait=0):
            pass
    finally:
        end(child)


def test_the_second_waits_as_long_as_was_stated(store: Store, store_url: str) -> None:
    """A lock that comes free in time is taken."""
    child = hold_in_child(store_url, "apply")
    threading.Timer(0.5, child.kill).start()
    begun = time.monotonic()
    with store.state.lock("apply", holder=HOLDER, wait=30):
        assert 0.3 < time.monotonic() - begun < 20
    child.communicate()


def test_a_lock_is_free_after_use_and_after_a_failure(store: Store, store_url: str) -> None:
    """Normal end, error and reuse, from one store and from another."""
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), store.state.lock("apply", holder=HOLDER, wait=0):
            raise ZeroDivisionError
        with open_store(store_url) as other, other.state.lock("apply", holder=HOLDER, wait=0):
            pass


def test_a_lock_is_not_taken_twice_by_the_same_process(store: Store) -> None:
    """Nor by another thread of it: each holder is one run."""
    again = LockHolder(host="hub1", pid=4711, since=NOW, command="reconcile apply again")
    with store.state.lock("apply", holder=HOLDER, wait=0):
        with pytest.raises(LockHeld) as error, store.state.lock("apply", holder=again, wait=0):
            pass
        assert "`reconcile apply`" in error.value.message
        raised: list[str] = []
        thread = threading.Thread(target=lambda: raised.append(_try(store, again)))
        thread.start()
        thread.join()
        assert raised == ["lock.held"]


def _try(store: Store, holder: LockHolder) -> str:
    try:
        with store.state.lock("apply", holder=holder, wait=0):
            return "taken"
    except LockHeld as error:
        return error.code
