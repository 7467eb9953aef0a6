"""Which client asks: a connection's address, or a proxy's word, to the name it is counted under.

In charge of whose word is taken, and of taking the addresses that one subscriber has for one. Must
not know what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address

#: A subscriber is given 2^64 addresses of IPv6 (RFC 6177), and could else ask under each of them.
_SUBSCRIBER = 64


def client_name(address: str) -> str:
    """Return the client's name: an IPv4 address, a /64 of IPv6, "" for what is no address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Network((found, _SUBSCRIBER), strict=False))
    return str(found)


def client_of(headers: Mapping[str, str], peer: str, proxies: int) -> str:
    """Return the name of the client behind that many proxies; `peer` is the connection's address.

    Each proxy appends the address that it was asked from to `X-Forwarded-For`, so the last entries
    are true and those before them are whatever the client wrote.
    """
    if proxies == 0:
        return client_name(peer)
    said = [part.strip() for part in headers.get("x-forwarded-for", "").split(",")]
    chain = [*filter(None, said), peer]
    return client_name(_without_port(chain[max(0, len(chain) - 1 - proxies)]))


def _without_port(address: str) -> str:
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
