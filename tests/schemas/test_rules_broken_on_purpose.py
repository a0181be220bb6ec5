"""Rules of the guides that only what is left out can break: without these keys the example estate is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[[str, Any], bool]
GONE = ...
PARENTPAY = "third_parties/elm-parentpay"
SCHOOLCOMMS = "third_parties/dne-schoolcomms"


@pytest.mark.requirement(74)
@pytest.mark.parametrize("key", ["credentials", "credentials/username"])
def test_a_parentpay_account_without_a_way_in_is_refused(refused: Refused, key: str) -> None:
    """Neither the user name nor the whole entry that holds it may be left out."""
    assert refused(f"{PARENTPAY}/{key}", GONE)


@pytest.mark.requirement(75)
def test_a_parentpay_account_names_where_its_password_is(refused: Refused) -> None:
    """A user name alone opens nothing."""
    assert refused(f"{PARENTPAY}/credentials/password", GONE)


@pytest.mark.requirement(79)
@pytest.mark.parametrize("account", [PARENTPAY, SCHOOLCOMMS])
def test_the_name_of_the_account_at_the_mis_is_written_out(refused: Refused, account: str) -> None:
    """A name that must be exact is never taken for granted."""
    assert refused(f"{account}/mis_account_name", GONE)


@pytest.mark.requirement(80)
def test_a_parentpay_account_says_what_it_is_granted(refused: Refused) -> None:
    """Without grants nobody could compare them with the 21 entities."""
    assert refused(f"{PARENTPAY}/grants", GONE)


@pytest.mark.requirement(86)
@pytest.mark.parametrize("account", [PARENTPAY, SCHOOLCOMMS])
def test_every_sort_of_account_names_its_lawful_basis(refused: Refused, account: str) -> None:
    """There is no default, for messaging as little as for payments."""
    assert refused(f"{account}/basis", GONE)


@pytest.mark.requirement(165)
@pytest.mark.parametrize("key", ["run_as", "run_as/user", "run_as/role"])
def test_the_import_says_as_whom_it_runs_and_in_which_role(refused: Refused, key: str) -> None:
    """A role that is left out could be any role."""
    assert refused(f"{SCHOOLCOMMS}/{key}", GONE)


@pytest.mark.requirement(167)
def test_a_schoolcomms_account_names_its_licence(refused: Refused) -> None:
    """Whether an import locks everybody else out depends on it."""
    assert refused(f"{SCHOOLCOMMS}/licence", GONE)


@pytest.mark.requirement(164)
@pytest.mark.parametrize("key", ["client", "client/version"])
def test_a_schoolcomms_account_names_the_version_of_its_client(refused: Refused, key: str) -> None:
    """A version that is not written cannot be found too old."""
    assert refused(f"{SCHOOLCOMMS}/{key}", GONE)
