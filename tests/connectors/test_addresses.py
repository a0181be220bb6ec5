"""Which addresses may be called (T10)."""

from __future__ import annotations

import pytest

from reconciler.connectors.addresses import networks, refusal

PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
LOCAL = [
    "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "fd00::1", "192.0.2.1", "198.18.0.1", "255.255.255.255",
    "169.254.169.254", "fe80::1", "fe80::1%eth0", "224.0.0.1", "ff02::1", "0.0.0.0", "::", "240.0.0.1",
    "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:0a00:0001::1", "::ffff:169.254.169.254",
]  # fmt: skip
LOOPBACK = ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address: str) -> None:
    """The plain case."""
    assert refusal(address, loopback_allowed=False) == ""


@pytest.mark.parametrize("address", LOCAL)
def test_every_other_range_is_refused_in_every_spelling(address: str) -> None:
    """Also where an IPv6 address stands for an IPv4 one, and also in a rehearsal."""
    assert refusal(address, loopback_allowed=True)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_is_for_rehearsals(address: str) -> None:
    """Refused unless it is allowed."""
    assert refusal(address, loopback_allowed=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_rehearsal_may_call_loopback(address: str) -> None:
    """That is where the simulator stands."""
    assert refusal(address, loopback_allowed=True) == ""


def test_a_listed_network_opens_itself_only() -> None:
    """10.1.2.0/24 listed says nothing about 10.1.3.1."""
    listed = networks(["10.1.2.0/24", "10.9.9.9"])
    assert refusal("10.1.2.200", loopback_allowed=False, listed=listed) == ""
    assert refusal("10.9.9.9", loopback_allowed=False, listed=listed) == ""
    assert refusal("::ffff:10.1.2.3", loopback_allowed=False, listed=listed) == ""
    assert refusal("10.1.3.1", loopback_allowed=False, listed=listed)
