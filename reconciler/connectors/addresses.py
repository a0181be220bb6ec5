"""Which network addresses a school's system may have (threat T10).

A declared URL decides where credentials go, so an address inside our own network is refused unless an operator listed
it; a rehearsal store may also speak to loopback.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_TRANSLATED = IPv6Network("64:ff9b::/96")  # IPv6 that a gateway turns into the IPv4 address in its last 32 bits


def networks(listed: Iterable[str]) -> tuple[Network, ...]:
    """Reads listed addresses and networks (`10.1.2.0/24`, `10.1.2.3`); raises ValueError."""
    return tuple(ip_network(text.strip()) for text in listed)


def refusal(text: str, *, loopback_allowed: bool, listed: Iterable[Network] = ()) -> str:
    """Why this resolved address may not be called, or the empty text when it may."""
    outer = ip_address(text.split("%", 1)[0])  # a zone (`fe80::1%eth0`) never makes an address less local
    for address in {outer, _inner(outer)}:
        reason = _reason(address, loopback_allowed=loopback_allowed)
        if reason and not any(address.version == net.version and address in net for net in listed):
            return reason
    return ""


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, so that no spelling of 127.0.0.1 gets through."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _reason(address: Address, *, loopback_allowed: bool) -> str:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return ""  # judged by the address inside
    if address.is_loopback:
        return "" if loopback_allowed else "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_unspecified or address.is_reserved:
        return "a reserved address"
    return "" if address.is_global and not address.is_private else "a private address"
